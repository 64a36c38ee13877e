"""Coming in by name and password."""

from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from house import AT_HOME, FAR_AWAY, PASSWORD, House
from signed_in import cheap_passwords

from appliance.accounts.entrance import DISABLED, WRONG
from appliance.accounts.passwords import Passwords
from appliance.errors import InvalidInput, TooManyTries


@pytest.mark.parametrize("name", ["Ann", " ann ", "ＡＮＮ"])
async def test_a_name_may_be_written_as_one_likes(house: House, name: str) -> None:
    await house.set_up()
    begun = await house.door.entrance.sign_in(name, PASSWORD, AT_HOME)
    found = await house.door.sign_ins.who(begun.key)
    assert found and found.person.name == "Ann"


async def test_an_unknown_name_and_a_wrong_password_are_answered_alike(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same sentence, and the same work: one comparison at the same cost."""
    await house.set_up()
    looked_at: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, kept: str, password: str) -> bool:
        looked_at.append(kept.rsplit("$", 2)[0])
        return verify(self, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    for name in ("Ann", "Nobody", "\u202e", "x" * 100_000):
        with pytest.raises(InvalidInput) as refusal:
            await house.door.entrance.sign_in(name, "a wrong password", AT_HOME)
        assert str(refusal.value) == WRONG
    assert len(looked_at) == 4 and len(set(looked_at)) == 1


async def test_a_disabled_account_says_so_to_its_owner_only(house: House) -> None:
    ann = await house.set_up()
    ben = await house.member("Ben")
    await house.door.people.disable(ann.person, ben.person.person_id)
    for password, words in ((PASSWORD, DISABLED), ("a wrong password", WRONG)):
        with pytest.raises(InvalidInput) as refusal:
            await house.door.entrance.sign_in("Ben", password, AT_HOME)
        assert str(refusal.value) == words


async def test_the_owner_signs_in_while_strangers_guess(house: House) -> None:
    await house.set_up()
    begun = await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME)
    own = replace(AT_HOME, device_key=begun.device_key)
    looked_at = 0
    for _ in range(200):
        try:
            await house.door.entrance.sign_in("Ann", "a wrong password", FAR_AWAY)
        except TooManyTries:
            continue
        except InvalidInput:
            looked_at += 1
    assert looked_at < 20
    with pytest.raises(TooManyTries):
        await house.door.entrance.sign_in("Ann", PASSWORD, FAR_AWAY)
    assert (await house.door.entrance.sign_in("Ann", PASSWORD, own)).device_key == begun.device_key


async def test_what_is_typed_for_an_unknown_name_is_written_down_nowhere(house: House) -> None:
    await house.set_up()
    for name in ("Ann", "zanzibar"):
        with pytest.raises(InvalidInput):
            await house.door.entrance.sign_in(name, "zanzibar too", AT_HOME)
    entries = await house.door.audit.list()
    assert [entry.about for entry in entries[:2]] == ["", "Ann"]
    await house.database.truncate_wal()
    assert b"zanzibar" not in house.database.path.read_bytes()


async def test_a_password_is_kept_at_the_cost_of_today(house: House) -> None:
    await house.set_up()
    dearer = Passwords(PasswordHasher(time_cost=3, memory_cost=8, parallelism=1), common=set)
    entrance = house.door.entrance
    entrance._passwords = dearer
    await entrance.sign_in("Ann", PASSWORD, AT_HOME)
    async with house.database.read() as reader:
        rows = list(await reader.execute_fetchall("SELECT password_hash FROM people"))
    assert ",t=3," in rows[0][0]
    assert await cheap_passwords().verify(rows[0][0], PASSWORD)


async def test_a_browser_is_one_persons_at_a_time(house: House) -> None:
    await house.set_up()
    await house.member("Ben")
    first = await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME)
    same = replace(AT_HOME, sign_in_key=first.key, device_key=first.device_key)
    await house.door.entrance.sign_in("Ben", PASSWORD, same)
    assert await house.door.sign_ins.who(first.key) is None
