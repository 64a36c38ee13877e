"""The second factor: what lets in, what does not, and what ends it."""

import asyncio
from dataclasses import replace

import pyotp
import pytest
from house import AT_HOME, FAR_AWAY, PASSWORD, House

from appliance.accounts import second_factor
from appliance.accounts.account import Account, Visitor
from appliance.accounts.letting_in import Begun
from appliance.accounts.second_step import HalfIn
from appliance.accounts.sign_ins import CHANGED
from appliance.accounts.throttle import ACCOUNT
from appliance.errors import CodeOfAnotherTime, Conflict, InvalidInput, TooManyTries
from appliance.store import people

NOW = 1_800_000_000


class Clock:
    """It stands still until a test moves it."""

    now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(house: House) -> Clock:
    clock = Clock()
    house.door.second_factor._clock = clock
    return clock


async def turn_on(house: House, account: Account, now: float) -> tuple[str, tuple[str, ...]]:
    """The secret, and the spare codes."""
    secret = house.door.second_factor.offer(account.person)
    code = pyotp.TOTP(secret).at(now)
    return secret, await house.door.second_factor.turn_on(account.person, code)


async def half_in(house: House, visitor: Visitor = AT_HOME) -> Visitor:
    """The password was given there."""
    half = await house.door.entrance.sign_in("Ann", PASSWORD, visitor)
    assert isinstance(half, HalfIn)
    return replace(visitor, second_step_key=half.key)


async def test_a_right_password_alone_lets_nobody_in_any_more(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    secret, _ = await turn_on(house, ann, clock.now)
    before = len(await house.door.sign_ins.devices(ann.person))
    visitor = await half_in(house)
    assert len(await house.door.sign_ins.devices(ann.person)) == before
    clock.now += 30
    begun = await house.door.second_steps.finish(pyotp.TOTP(secret).at(clock.now), visitor)
    found = await house.door.sign_ins.who(begun.key)
    assert found and found.person.name == "Ann"
    assert house.door.second_steps.who(visitor) is None


async def test_a_code_lets_in_once_and_so_does_a_spare_code(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    secret, spare = await turn_on(house, ann, clock.now)
    visitor = await half_in(house)
    with pytest.raises(InvalidInput) as refusal:
        await house.door.second_steps.finish(pyotp.TOTP(secret).at(clock.now), visitor)
    assert str(refusal.value) == second_factor.USED
    typed = spare[0].lower().replace("-", " ")
    assert isinstance(await house.door.second_steps.finish(typed, visitor), Begun)
    visitor = await half_in(house)
    with pytest.raises(InvalidInput):
        await house.door.second_steps.finish(spare[0], visitor)
    assert (await house.door.second_factor.state(ann.person)).spare_codes == 7
    assert "spare code used" in await house.acts()


async def test_one_code_in_two_browsers_at_once_lets_in_one_of_them(
    house: House, clock: Clock
) -> None:
    ann = await house.set_up()
    secret, _ = await turn_on(house, ann, clock.now)
    clock.now += 30
    code = pyotp.TOTP(secret).at(clock.now)
    visitors = [await half_in(house), await half_in(house)]
    tries = [house.door.second_steps.finish(code, visitor) for visitor in visitors]
    ended = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in ended) == ["Begun", "InvalidInput"]


@pytest.mark.parametrize("away", [-600, -60, 60, 600])
async def test_a_clock_that_is_wrong_is_said_and_the_code_is_not_taken(
    house: House, clock: Clock, away: int
) -> None:
    ann = await house.set_up()
    secret, _ = await turn_on(house, ann, clock.now)
    clock.now += 3600
    code = pyotp.TOTP(secret).at(clock.now + away)
    visitor = await half_in(house)
    with pytest.raises(CodeOfAnotherTime) as refusal:
        await house.door.second_steps.finish(code, visitor)
    assert refusal.value.at == clock.now and "09:00 UTC" in str(refusal.value)
    # Nor is it when its time comes: whoever guessed it would have to wait only.
    clock.now += away
    with pytest.raises(InvalidInput):
        await house.door.second_steps.finish(code, visitor)


async def test_a_code_of_half_an_hour_ago_is_just_wrong(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    secret, _ = await turn_on(house, ann, clock.now)
    clock.now += 1800
    with pytest.raises(InvalidInput) as refusal:
        code = pyotp.TOTP(secret).at(NOW)
        await house.door.second_steps.finish(code, await half_in(house))
    assert str(refusal.value) == second_factor.WRONG


async def test_a_clock_that_was_set_back_keeps_nobody_out(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    secret, _ = await turn_on(house, ann, clock.now)
    clock.now -= 100 * 24 * 3600
    code = pyotp.TOTP(secret).at(clock.now)
    assert await house.door.second_steps.finish(code, await half_in(house))


async def test_the_right_password_makes_guessing_codes_not_free_again(
    house: House, clock: Clock
) -> None:
    ann = await house.set_up()
    await turn_on(house, ann, clock.now)
    looked_at = 0
    for number in range(50):
        try:
            visitor = await half_in(house, FAR_AWAY)
            await house.door.second_steps.finish(f"{number:06}", visitor)
        except TooManyTries:
            continue
        except InvalidInput:
            looked_at += 1
    assert looked_at <= ACCOUNT.free + 1


async def test_without_a_password_no_code_is_looked_at(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    _, spare = await turn_on(house, ann, clock.now)
    for key in ("", "guessed"):
        with pytest.raises(Conflict):
            await house.door.second_steps.finish(spare[0], replace(AT_HOME, second_step_key=key))
    assert (await house.door.second_factor.state(ann.person)).spare_codes == 8


async def test_nothing_is_on_before_a_code_has_come_back(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    house.door.second_factor.offer(ann.person)
    with pytest.raises(InvalidInput):
        await house.door.second_factor.turn_on(ann.person, "000000")
    assert isinstance(await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME), Begun)


async def test_a_reset_ends_it_and_notes_that(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    await turn_on(house, ann, clock.now)
    visitor = await half_in(house)
    key = await house.door.links.reset(None, ann)
    # The link alone changes nothing yet.
    assert (await house.door.second_factor.state(ann.person)).is_on
    await house.door.entrance.reset(key, "another long password", AT_HOME)
    assert not (await house.door.second_factor.state(ann.person)).is_on
    assert "second factor turned off" in await house.acts()
    with pytest.raises((InvalidInput, Conflict)):
        await house.door.second_steps.finish("123456", visitor)


async def test_the_secret_is_in_the_database_as_ciphertext(house: House, clock: Clock) -> None:
    ann = await house.set_up()
    secret, spare = await turn_on(house, ann, clock.now)
    await house.database.truncate_wal()
    kept = house.database.path.read_bytes()
    assert secret.encode() not in kept and not any(code.encode() in kept for code in spare)


async def test_a_password_that_is_reset_while_it_is_looked_at_lets_nobody_in(house: House) -> None:
    """The old one was right when the look began."""
    ann = await house.set_up()
    passwords = house.door.passwords
    verify, is_reset = passwords.verify, asyncio.Event()
    key = await house.door.links.reset(None, ann)

    async def slow(password_hash: str | None, password: str) -> bool:
        is_right = await verify(password_hash, password)
        is_reset.set()
        await reset
        return is_right

    async def reset_meanwhile() -> None:
        await is_reset.wait()
        await house.door.people.reset_password(key, "another long password")

    reset = asyncio.create_task(reset_meanwhile())
    passwords.verify = slow  # type: ignore[method-assign]
    with pytest.raises(InvalidInput) as refusal:
        await house.door.entrance.sign_in("Ann", PASSWORD, AT_HOME)
    assert str(refusal.value) == CHANGED
    assert await house.door.sign_ins.devices(ann.person) == ()
    assert (await house.acts())[-1] != "signed in"


async def test_an_account_that_is_disabled_meanwhile_lets_nobody_in(house: House) -> None:
    """Nor when it is enabled again, by what was begun before."""
    ann = await house.set_up()
    ben = await house.member("Ben")
    await house.door.people.disable(ann.person, ben.person.person_id)
    with pytest.raises(InvalidInput):
        await house.door.sign_ins.begin(ben, AT_HOME.device, PASSWORD)
    await house.door.people.enable(ann.person, ben.person.person_id)
    assert await house.door.sign_ins.devices(ben.person) == ()


async def test_a_change_of_the_password_does_not_undo_a_reset(house: House) -> None:
    ann = await house.set_up()
    key = await house.door.links.reset(None, ann)
    await house.door.people.reset_password(key, "another long password")
    with pytest.raises(InvalidInput):
        await house.door.people.set_password(ann, "a password of before", old=PASSWORD)
    await house.door.entrance.sign_in("Ann", "another long password", AT_HOME)


async def test_the_same_password_at_another_cost_does_not_undo_a_reset(house: House) -> None:
    ann = await house.set_up()
    async with house.database.write() as tx:
        known = await people.by_name(tx, "ann")
        assert known is not None
        await people.set_password(tx, ann.person.person_key, "the hash of a reset")
        await people.renew_password(tx, ann.person.person_key, known.password_hash, "dearer")
        now = await people.by_name(tx, "ann")
    assert now is not None and now.password_hash == "the hash of a reset"
