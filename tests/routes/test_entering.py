"""Setup, invitations and resets: what links lead to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doors import Street, found, open_street
from house import PASSWORD
from structlog.testing import capture_logs

from appliance.accounts.account import AccountRole


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(tmp_path / "data") as street:
        yield street


PAGES = ["/", "/data", "/conversations", "/search?q=x", "/sign-in", "/account", "/setup"]


async def test_before_setup_other_machines_get_a_sentence_and_nothing_else(street: Street) -> None:
    stranger = await street.browser("192.168.1.77")
    for path in [*PAGES, "/healthz", "/readyz", "/metrics", "/static/css/app.css", "/v1/models"]:
        answer = await stranger.get(path)
        assert answer.status_code == 403, path
        assert "not set up yet" in answer.text and "/setup/" not in answer.text
    key = street.box.door.links.setup_key()
    assert (await stranger.get(f"/setup/{key}")).status_code == 403
    refused = await stranger.post(f"/setup/{key}", name="Eve", password=PASSWORD)
    assert refused.status_code == 403 and not street.box.door.is_set_up


@pytest.mark.parametrize("address", ["::1", "127.0.0.9", "::ffff:127.0.0.1"])
async def test_every_address_of_this_machine_is_this_machine(street: Street, address: str) -> None:
    assert (await (await street.browser(address)).get("/healthz")).status_code == 200


async def test_before_setup_every_page_leads_to_where_the_link_is(street: Street) -> None:
    here = await street.browser()
    for path in ("/", "/data", "/search?q=x", "/account"):
        answer = await here.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/setup")
    page = await here.get("/setup")
    assert "appliance setup" in page.text
    assert street.box.door.links.setup_key() not in page.text
    answer = await here.client.post("/v1/chat/completions", json={})
    assert answer.status_code == 403 and "not set up" in answer.json()["error"]["message"]


async def test_the_setup_link_makes_the_first_admin_who_is_in_at_once(street: Street) -> None:
    ann = await street.set_up()
    welcome = await ann.get("/welcome")
    assert "Welcome, Ann" in welcome.text and "/invitations" in welcome.text
    assert (await ann.get("/")).status_code == 200
    assert (await (await street.browser("192.168.1.77")).get("/sign-in")).status_code == 200
    key = street.box.door.links.setup_key()
    again = await (await street.browser()).get(f"/setup/{key}")
    assert again.status_code == 404 and "set up already" in again.text
    assert (await ann.get("/setup")).headers["location"] == "/"


async def test_a_name_or_password_that_cannot_be_taken_is_said_and_the_name_kept(
    street: Street,
) -> None:
    here = await street.browser()
    path = f"/setup/{street.box.door.links.setup_key()}"
    for name, password, words in (
        ("Ann", "tiny", "too short"),
        ("An\u202en", PASSWORD, "cannot be seen"),
        ("<Ann>", PASSWORD, "letters"),
        ("", PASSWORD, "Give a name"),
    ):
        page = await here.post(path, name=name, password=password)
        assert page.status_code == 422 and words in page.text
        assert f'value="{name.replace("<", "&lt;").replace(">", "&gt;")}"' in page.text
        assert password not in page.text
    assert not street.box.door.is_set_up and not here.is_in


async def test_an_invitation_shows_its_link_and_a_code_once(street: Street) -> None:
    ann = await street.set_up()
    page = await ann.post("/invitations", role="member", days="7")
    path = found(r'value="http://box.test(/invitations/[^"]+)"', page)
    assert '<svg class="qr"' in page.text and "style=" not in page.text
    later = await ann.get("/invitations")
    assert path not in later.text and "Invitation as member" in later.text
    guest = await street.browser()
    assert "Ann invites you" in (await guest.get(path)).text
    assert (await guest.post(path, name="Ben", password=PASSWORD)).headers["location"] == "/welcome"
    welcome = await guest.get("/welcome")
    assert "Welcome, Ben" in welcome.text and "/invitations" not in welcome.text
    assert (await (await street.browser()).get(path)).status_code == 404


async def test_whoever_is_not_an_admin_does_not_invite(street: Street) -> None:
    ann = await street.set_up()
    ben = await street.invited(ann, "Ben")
    for answer in (
        await ben.get("/invitations"),
        await ben.post("/invitations", role="admin", days="7"),
        await ben.post("/links/" + "0" * 32 + "/deletion"),
    ):
        assert answer.status_code == 404 and "no such page" in answer.text
    assert await street.box.door.links.list() == ()


@pytest.mark.parametrize("fields", [{"role": "owner"}, {"days": "9999"}, {"days": "x"}])
async def test_an_odd_wish_for_an_invitation_is_refused(
    street: Street, fields: dict[str, str]
) -> None:
    ann = await street.set_up()
    answer = await ann.post("/invitations", **{"role": "member", "days": "7", **fields})
    assert answer.status_code == 422 and await street.box.door.links.list() == ()


@pytest.mark.parametrize("kind", ["setup", "invitations", "resets"])
@pytest.mark.parametrize("key", ["wrong", "0" * 500, "%e2%80%ae"])
async def test_a_wrong_link_is_a_calm_page(street: Street, kind: str, key: str) -> None:
    await street.set_up()
    stranger = await street.browser()
    for answer in (
        await stranger.get(f"/{kind}/{key}"),
        await stranger.post(f"/{kind}/{key}", name="Eve", password=PASSWORD),
    ):
        assert answer.status_code == 404 and "not good any more" in answer.text
    assert len(await street.box.door.people.list()) == 1


async def test_a_link_that_is_taken_back_is_good_no_more(street: Street) -> None:
    ann = await street.set_up()
    page = await ann.post("/invitations", role="member", days="1")
    path = found(r'value="http://box.test(/invitations/[^"]+)"', page)
    link_id = found(r"/links/([0-9a-f]{32})/deletion", page)
    assert (await ann.post(f"/links/{link_id}/deletion")).status_code == 303
    assert (await (await street.browser()).get(path)).status_code == 404
    assert (await ann.post(f"/links/{link_id}/deletion")).status_code == 404


async def test_a_reset_lets_in_with_another_password(street: Street) -> None:
    ann = await street.set_up()
    ben = await street.invited(ann, "Ben")
    account = await street.box.door.people.named("Ben")
    path = f"/resets/{await street.box.door.links.reset(None, account)}"
    other = await street.browser()
    assert "For the account Ben" in (await other.get(path)).text
    assert (await other.post(path, password="short")).status_code == 422
    assert (await other.post(path, password="another four words")).headers["location"] == "/"
    assert (await other.get("/")).status_code == 200
    assert (await ben.get("/")).status_code == 303
    assert (await ben.sign_in("Ben")).status_code == 422
    assert (await ben.sign_in("Ben", "another four words")).status_code == 303


async def test_an_invited_admin_may_invite(street: Street) -> None:
    ann = await street.set_up()
    cid = await street.invited(ann, "Cid", AccountRole.ADMIN)
    assert (await cid.get("/invitations")).status_code == 200


async def test_neither_keys_nor_passwords_are_in_the_log(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError

    with capture_logs() as lines:
        ann = await street.set_up()
        page = await ann.post("/invitations", role="member", days="7")
        path = found(r'value="http://box.test(/invitations/[^"]+)"', page)
        guest = await street.browser()
        await guest.post(path, name="Ben", password=PASSWORD)
        secrets = [guest.client.cookies[name] for name in ("sign-in", "device")]
        await guest.sign_in("Ben", "a wrong password")
        # Also when something fails on the page that the key leads to.
        monkeypatch.setattr(street.box.door.links, "look", breaks)
        assert (await guest.get(path)).status_code == 500
    log = repr(lines)
    assert "a sign-in failed" in log and "request failed" in log
    secrets += [PASSWORD, "a wrong password", path.rsplit("/", 1)[1]]
    secrets += [street.box.door.links.setup_key(), *ann.client.cookies.values()]
    assert [each for each in secrets if each in log] == []
