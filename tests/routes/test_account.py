"""One's own account."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from doors import Browser, Street, open_street
from house import PASSWORD

from appliance.accounts.audit import Act
from appliance.store import holdings


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with open_street(tmp_path / "data") as street:
        yield street


@pytest.fixture
async def ann(street: Street) -> Browser:
    return await street.set_up()


@pytest.fixture
async def ben(street: Street, ann: Browser) -> Browser:
    return await street.invited(ann, "Ben")


async def test_the_page_says_who_one_is_and_where_one_is_in(street: Street, ann: Browser) -> None:
    other = await street.browser()
    await other.sign_in("Ann")
    page = (await ann.get("/account")).text
    assert "signed in as Ann, and look after this box" in page
    assert page.count("Firefox on Linux") == 2 and page.count("This browser") == 1


async def test_a_name_is_changed_and_shown(ann: Browser, ben: Browser) -> None:
    page = await ben.post("/account/name", name="Benedikt")
    assert page.status_code == 200 and "Your name is Benedikt now" in page.text
    assert "Account: Benedikt" in (await ben.get("/")).text
    taken = await ben.post("/account/name", name="ann")
    assert taken.status_code == 422 and "has that name" in taken.text
    assert (await ben.sign_in("Benedikt")).status_code == 303


async def test_a_new_password_keeps_this_browser_and_signs_the_others_out(
    street: Street, ann: Browser
) -> None:
    other = await street.browser()
    await other.sign_in("Ann")
    wrong = await ann.post("/account/password", old="wrong wrong wrong", new="another four words")
    assert wrong.status_code == 422 and "not your password" in wrong.text
    assert (await other.get("/account")).status_code == 200
    page = await ann.post("/account/password", old=PASSWORD, new="another four words")
    assert page.status_code == 200 and "You have a new password" in page.text
    assert (await ann.get("/account")).status_code == 200
    assert (await other.get("/account")).status_code == 303
    assert (await other.sign_in("Ann", "another four words")).status_code == 303


async def test_a_password_cannot_be_guessed_at_a_page_that_was_left_open(ann: Browser) -> None:
    answers = [
        await ann.post("/account/password", old=f"guess {number}", new="another four words")
        for number in range(14)
    ]
    assert answers[0].status_code == 422
    assert answers[-1].status_code == 429 and int(answers[-1].headers["retry-after"]) >= 1


async def test_one_other_browser_is_signed_out(street: Street, ann: Browser) -> None:
    other = await street.browser()
    await other.sign_in("Ann")
    page = (await ann.get("/account")).text
    (path,) = re.findall(r'action="(/account/devices/[0-9a-f]{32}/deletion)"', page)
    assert (await ann.post(path)).headers["location"] == "/account"
    assert (await other.get("/")).status_code == 303
    assert (await ann.post(path)).status_code == 404


async def test_nobody_signs_another_person_out(street: Street, ann: Browser, ben: Browser) -> None:
    account = await street.box.door.people.named("Ann")
    (device,) = await street.box.door.sign_ins.devices(account.person)
    assert (await ben.post(f"/account/devices/{device.sign_in_id}/deletion")).status_code == 404
    assert (await ann.get("/")).status_code == 200


async def test_signing_out_everywhere_signs_out_here_too(street: Street, ann: Browser) -> None:
    other = await street.browser()
    await other.sign_in("Ann")
    answer = await other.post("/account/devices/deletion")
    assert answer.headers["location"] == "/sign-in" and not other.is_in
    assert (await ann.get("/")).status_code == 303


async def test_an_account_goes_with_everything_that_was_said_in_it(
    street: Street, ann: Browser, ben: Browser
) -> None:
    said = await ben.post("/turns", content="zanzibar", client_message_id="1" * 32)
    assert said.status_code == 303
    person = (await street.box.door.people.named("Ben")).person
    wrong = await ben.post("/account/deletion", confirmation="yes")
    assert wrong.status_code == 422 and "type its name: Ben" in wrong.text
    page = await ben.post("/account/deletion", confirmation="Ben")
    assert page.status_code == 200 and "1 conversation" in page.text and not ben.is_in
    assert (await ben.sign_in("Ben")).status_code == 422
    async with street.box.desk.database.read() as reader:
        for table in await holdings.tables(reader):
            rows = await reader.execute_fetchall(
                f'SELECT 1 FROM "{table}" WHERE person_key = ?', (person.person_key,)
            )
            assert list(rows) == [], table
    assert b"zanzibar" not in street.box.desk.database.path.read_bytes()
    (entry,) = await street.box.door.audit.list(act=Act.ACCOUNT_DELETED)
    assert (entry.who, entry.about) == ("Ben", "Ben")


async def test_the_last_admin_stays(ann: Browser, ben: Browser) -> None:
    page = await ann.post("/account/deletion", confirmation="Ann")
    assert page.status_code == 422 and "Make somebody else an admin first" in page.text
    assert (await ann.get("/")).status_code == 200


async def test_deleting_all_that_was_said_signs_nobody_out(ben: Browser) -> None:
    page = await ben.post("/data/deletions", confirmation="delete everything")
    assert page.status_code == 200
    assert (await ben.get("/account")).status_code == 200


async def test_what_is_taken_along_and_deleted_is_noted_without_a_word_of_it(
    street: Street, ben: Browser
) -> None:
    said = await ben.post("/turns", content="zanzibar", client_message_id="1" * 32)
    await ben.get("/data/exports/json")
    await ben.get(f"{said.headers['location']}/exports/json")
    await ben.post("/data/deletions", confirmation="delete everything")
    entries = await street.box.door.audit.list(name="Ben")
    assert [entry.act for entry in entries[:3]] == ["deleted everything", "exported", "exported"]
    assert "zanzibar" not in repr(entries)


@pytest.mark.parametrize(
    "path",
    ["/account/name", "/account/password", "/account/deletion", "/account/devices/deletion"],
)
async def test_another_sites_form_changes_nothing(ann: Browser, path: str) -> None:
    """Threat T4: without the page's token, and with a foreign origin."""
    fields = {"name": "Eve", "old": PASSWORD, "new": "another four words", "confirmation": "Ann"}
    assert (await ann.client.post(path, data=fields)).status_code == 403
    ann.client.headers["origin"] = "http://evil.test"
    assert (await ann.post(path, **fields)).status_code == 403
    del ann.client.headers["origin"]
    assert "signed in as Ann" in (await ann.get("/account")).text
