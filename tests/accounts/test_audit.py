"""The record of what was done."""

import pytest
from house import AT_HOME, PASSWORD, House

from appliance.accounts.audit import Act
from appliance.errors import StoreError


async def test_what_is_done_to_accounts_is_noted(house: House) -> None:
    ann = await house.set_up()
    key = await house.door.links.invite(ann.person, address="10.0.0.1")
    begun = await house.door.entrance.join(key, "Ben", PASSWORD, AT_HOME)
    ben = begun.account.person
    await house.door.people.disable(ann.person, ben.person_id)
    assert await house.acts() == [
        Act.SET_UP,
        Act.SIGNED_IN,
        Act.INVITED,
        Act.JOINED,
        Act.SIGNED_IN,
        Act.DISABLED,
    ]
    (invited,) = await house.door.audit.list(act=Act.INVITED)
    assert (invited.who, invited.about, invited.address) == ("Ann", "member", "10.0.0.1")


async def test_the_record_is_read_page_by_page_by_act_and_by_name(house: House) -> None:
    ann, ben = await house.set_up(), await house.member("Ben")
    for number in range(5):
        await house.door.audit.note(None, Act.EXPORTED, ben.person, f"{number}")
    newest = await house.door.audit.list(act=Act.EXPORTED, limit=2)
    assert [entry.about for entry in newest] == ["4", "3"]
    older = await house.door.audit.list(act=Act.EXPORTED, before=newest[-1].number)
    assert [entry.about for entry in older] == ["2", "1", "0"]
    assert {entry.act for entry in await house.door.audit.list(name=ann.person.name)} == {
        Act.SET_UP,
        Act.SIGNED_IN,
    }


async def test_nothing_is_changed_in_it_and_nothing_taken_out(house: House) -> None:
    await house.set_up()
    for statement in ("UPDATE audit SET who = 'x'", "DELETE FROM audit"):
        with pytest.raises(StoreError):
            async with house.database.write() as tx:
                await tx.execute(statement)
    assert len(await house.door.audit.list()) == 2


async def test_lines_go_after_four_hundred_days(house: House) -> None:
    insert = (
        "INSERT INTO audit (at, act, who, who_id, about, address) "
        "VALUES (unixepoch() - ? * 86400, 'x', '', '', '', '')"
    )
    async with house.database.write() as tx:
        for days in (401, 399):
            await tx.execute(insert, (days,))
    await house.door.audit.note(None, Act.SIGNED_OUT)
    assert await house.acts() == ["x", "signed out"]


async def test_a_note_stands_or_falls_with_what_it_speaks_of(house: House) -> None:
    with pytest.raises(ZeroDivisionError):
        async with house.database.write() as tx:
            await house.door.audit.note(tx, Act.DISABLED)
            raise ZeroDivisionError
    assert await house.acts() == []
