"""Links that let in once."""

import pytest
from house import AT_HOME, PASSWORD, House

from appliance.accounts.account import AccountRole, LinkPurpose
from appliance.accounts.one_time_links import OneTimeLinks
from appliance.errors import InvalidInput, LinkGone
from appliance.store.database import Database


async def test_the_setup_link_is_the_same_until_it_is_used(house: House) -> None:
    key = house.door.links.setup_key()
    assert key == house.door.links.setup_key() and len(key) >= 43
    assert not house.door.is_set_up
    begun = await house.door.entrance.set_up(key, "Ann", PASSWORD, AT_HOME)
    assert begun.account.is_admin and house.door.is_set_up
    with pytest.raises(LinkGone, match="set up already"):
        await house.door.entrance.set_up(key, "Ben", PASSWORD, AT_HOME)
    assert [each.person.name for each in await house.door.people.list()] == ["Ann"]


@pytest.mark.parametrize("key", ["", "x" * 43, "é" * 43])
async def test_a_wrong_setup_link_sets_nothing_up(house: House, key: str) -> None:
    with pytest.raises(LinkGone):
        await house.door.entrance.set_up(key, "Ann", PASSWORD, AT_HOME)
    assert not house.door.is_set_up


async def test_an_invitation_makes_one_account_of_its_role(house: House) -> None:
    ann = await house.set_up()
    key = await house.door.links.invite(ann.person, AccountRole.ADMIN)
    link = await house.door.links.look(key, LinkPurpose.INVITATION)
    assert (link.made_by, link.role) == ("Ann", AccountRole.ADMIN)
    begun = await house.door.entrance.join(key, "Ben", PASSWORD, AT_HOME)
    assert begun.account.is_admin
    for again in ("Ben", "Cid"):
        with pytest.raises(LinkGone):
            await house.door.entrance.join(key, again, PASSWORD, AT_HOME)


async def test_a_refused_name_or_password_does_not_use_it_up(house: House) -> None:
    ann = await house.set_up()
    key = await house.door.links.invite(ann.person)
    for name, password in (("ann", PASSWORD), ("B\u202e", PASSWORD), ("Ben", "short")):
        with pytest.raises(InvalidInput):
            await house.door.entrance.join(key, name, password, AT_HOME)
    assert (await house.door.entrance.join(key, "Ben", PASSWORD, AT_HOME)).account


async def test_an_old_link_is_good_no_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await house.set_up()
    key = await house.door.links.invite(ann.person, seconds=-1)
    with pytest.raises(LinkGone):
        await house.door.links.look(key, LinkPurpose.INVITATION)
    assert await house.door.links.list() == ()


async def test_a_link_is_good_for_its_purpose_only(house: House) -> None:
    ann = await house.set_up()
    key = await house.door.links.reset(None, ann)
    with pytest.raises(LinkGone):
        await house.door.entrance.join(key, "Ben", PASSWORD, AT_HOME)
    await house.door.links.look(key, LinkPurpose.RESET)


async def test_a_reset_gives_another_password_and_signs_out_everywhere(house: House) -> None:
    await house.set_up()
    begun = await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME)
    older = await house.door.links.reset(None, begun.account)
    key = await house.door.links.reset(None, begun.account)
    with pytest.raises(LinkGone):
        await house.door.links.look(older, LinkPurpose.RESET)
    again = await house.door.entrance.reset(key, "another four words", AT_HOME)
    assert await house.door.sign_ins.who(begun.key) is None
    assert await house.door.sign_ins.who(again.key) is not None
    with pytest.raises(InvalidInput):
        await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME)
    assert await house.door.entrance.sign_in("Ann", "another four words", AT_HOME)


async def test_links_of_somebody_who_may_not_invite_any_more_are_void(house: House) -> None:
    ann = await house.set_up()
    ben = await house.member("Ben", AccountRole.ADMIN)
    keys = [await house.door.links.invite(ben.person) for _ in range(2)]
    await house.door.people.set_role(ann.person, ben.person.person_id, AccountRole.MEMBER)
    for key in keys:
        with pytest.raises(LinkGone):
            await house.door.links.look(key, LinkPurpose.INVITATION)


async def test_a_link_can_be_taken_back(house: House) -> None:
    ann = await house.set_up()
    key = await house.door.links.invite(ann.person)
    (link,) = await house.door.links.list()
    await house.door.links.take_back(ann.person, link.link_id)
    with pytest.raises(LinkGone):
        await house.door.links.look(key, LinkPurpose.INVITATION)


async def test_the_database_holds_no_key(house: House, database: Database) -> None:
    ann = await house.set_up()
    keys = [await house.door.links.invite(ann.person), await house.door.links.reset(None, ann)]
    await database.truncate_wal()
    content = database.path.read_bytes()
    assert not [key for key in keys if key.encode() in content]


async def test_the_setup_link_belongs_to_this_box(house: House, database: Database) -> None:
    other = OneTimeLinks(database, house.door.audit, b"another box's secret")
    assert other.setup_key() != house.door.links.setup_key()
