"""Accounts: what holds for all of them together."""

import asyncio

import pytest
from house import AT_HOME, PASSWORD, House

from appliance.accounts.account import AccountRole
from appliance.accounts.leaving import Leaving
from appliance.conversations.conversation import Conversation, Person, new_id
from appliance.conversations.deleted import DeleteReceipt
from appliance.errors import Conflict, InvalidInput, NotFound
from appliance.store import conversations, people
from appliance.store.database import Database

ADMIN, MEMBER = AccountRole.ADMIN, AccountRole.MEMBER


async def test_the_first_admin_has_what_was_said_before_there_were_accounts(
    house: House, database: Database
) -> None:
    async with database.write() as tx:
        owner = await people.local_person(tx)
        await conversations.insert(tx, owner.person_key, Conversation(new_id(), "Tea", 1, 1))
    ann = await house.set_up()
    assert (ann.person.person_key, ann.person.person_id) == (owner.person_key, owner.person_id)
    async with database.read() as reader:
        assert len(await conversations.list_recent(reader, ann.person.person_key)) == 1


@pytest.mark.parametrize("name", ["Ann", " ANN", "ａｎｎ"])
async def test_a_name_is_there_once_however_it_is_written(house: House, name: str) -> None:
    await house.set_up()
    with pytest.raises(InvalidInput, match="that name"):
        await house.member(name)


async def test_one_may_change_how_ones_own_name_is_written(house: House) -> None:
    ann = await house.set_up()
    await house.member("Ben")
    renamed = await house.door.people.rename(ann.person, "ANN")
    assert renamed.person.name == "ANN"
    with pytest.raises(InvalidInput):
        await house.door.people.rename(renamed.person, "ben")


async def test_the_last_admin_stays_one(house: House) -> None:
    ann = await house.set_up()
    await house.member("Ben")
    door, person = house.door, ann.person
    for change in (
        lambda: door.people.set_role(person, person.person_id, MEMBER),
        lambda: door.people.disable(person, person.person_id),
        lambda: door.people.delete(person, ann),
    ):
        with pytest.raises(Conflict, match="Nobody else"):
            await change()
    assert (await door.people.find(person.person_id)) == ann


async def test_a_disabled_admin_does_not_count(house: House) -> None:
    ann = await house.set_up()
    ben = await house.member("Ben", ADMIN)
    await house.door.people.disable(ann.person, ben.person.person_id)
    with pytest.raises(Conflict):
        await house.door.people.set_role(ann.person, ann.person.person_id, MEMBER)


async def test_two_admins_who_act_at_once_cannot_both_be_right(house: House) -> None:
    ann = await house.set_up()
    ben = await house.member("Ben", ADMIN)
    outcomes = await asyncio.gather(
        house.door.people.set_role(ann.person, ben.person.person_id, MEMBER),
        house.door.people.disable(ben.person, ann.person.person_id),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Conflict) for each in outcomes) == 1
    left = [each for each in await house.door.people.list() if each.is_admin]
    assert sum(not each.is_disabled for each in left) == 1


async def test_a_disabled_account_is_out_at_once_and_back_with_everything(house: House) -> None:
    ann = await house.set_up()
    ben = await house.member("Ben")
    begun = await house.door.entrance.sign_in("Ben", PASSWORD, AT_HOME)
    found = await house.door.sign_ins.who(begun.key)
    assert found
    with house.door.sign_ins.open_requests.watch(found) as over:
        await house.door.people.disable(ann.person, ben.person.person_id)
        assert over.is_set()
    assert await house.door.sign_ins.who(begun.key) is None
    with pytest.raises(InvalidInput, match="disabled"):
        await house.door.entrance.sign_in("Ben", PASSWORD, AT_HOME)
    await house.door.people.enable(ann.person, ben.person.person_id)
    assert await house.door.entrance.sign_in("Ben", PASSWORD, AT_HOME)


async def test_a_new_password_signs_every_other_browser_out(house: House) -> None:
    await house.set_up()
    this, other = [await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME) for _ in range(2)]
    found = await house.door.sign_ins.who(this.key)
    assert found
    with pytest.raises(InvalidInput, match="not your password"):
        await house.door.entrance.change_password(found, "wrong", "another four words", AT_HOME)
    assert await house.door.sign_ins.who(other.key) is not None
    await house.door.entrance.change_password(found, PASSWORD, "another four words", AT_HOME)
    assert await house.door.sign_ins.who(this.key) is not None
    assert await house.door.sign_ins.who(other.key) is None


class Shelves:
    """What a person has, and who was there when it went."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.were_disabled: list[bool] = []

    async def end_all_of(self, person: Person) -> DeleteReceipt:
        account = await self.house.door.people.find(person.person_id)
        self.were_disabled.append(account.is_disabled)
        return DeleteReceipt(2, 7, 3)


async def test_leaving_takes_the_account_and_all_it_holds(house: House) -> None:
    ann = await house.set_up()
    ben = await house.member("Ben")
    begun = await house.door.entrance.sign_in("Ben", PASSWORD, AT_HOME)
    shelves = Shelves(house)
    leaving = Leaving(house.door.people, shelves)
    with pytest.raises(InvalidInput, match="type its name: Ben"):
        await leaving.leave(ann.person, ben.person.person_id, "Bob")
    receipt = await leaving.leave(ann.person, ben.person.person_id, " ben ")
    assert receipt.messages == 7 and shelves.were_disabled == [True]
    assert await house.door.sign_ins.who(begun.key) is None
    with pytest.raises(NotFound):
        await house.door.people.find(ben.person.person_id)
    async with house.database.read() as reader:
        for table in ("sign_ins", "known_devices"):
            rows = await reader.execute_fetchall(
                f"SELECT 1 FROM {table} WHERE account_key = ?", (ben.person.person_key,)
            )
            assert list(rows) == []
    assert (await house.member("Ben")).person.person_id != ben.person.person_id


async def test_the_last_admin_does_not_leave(house: House) -> None:
    ann = await house.set_up()
    shelves = Shelves(house)
    with pytest.raises(Conflict):
        await Leaving(house.door.people, shelves).leave(ann.person, ann.person.person_id, "Ann")
    assert shelves.were_disabled == []
