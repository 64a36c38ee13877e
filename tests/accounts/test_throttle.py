"""Whoever guesses waits ever longer; the owner does not."""

import pytest
from house import AT_HOME, FAR_AWAY, House

from appliance.accounts.account import Visitor
from appliance.accounts.throttle import ACCOUNT, ADDRESS, DEVICE, MOST_SUBJECTS, Throttle
from appliance.errors import TooManyTries
from appliance.store.database import Database

KEY = 1


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def throttle(database: Database, clock: Clock) -> Throttle:
    return Throttle(database, b"s" * 32, clock)


async def refused(throttle: Throttle, visitor: Visitor, name: str = "ann") -> int:
    """How long the wait is; 0 when the try is let through, and then it is a wrong one."""
    try:
        await throttle.begin(name, KEY, visitor)
    except TooManyTries as error:
        return error.retry_after_seconds
    return 0


async def test_the_wait_doubles_up_to_the_longest(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ACCOUNT.free):
        assert await refused(throttle, AT_HOME) == 0
    waits = []
    for _ in range(12):
        wait = await refused(throttle, AT_HOME)
        waits.append(wait)
        clock.now += wait
        assert await refused(throttle, AT_HOME) == 0
    assert waits[:4] == [1, 2, 4, 8]
    assert waits[-1] == ACCOUNT.longest_seconds


async def test_a_refused_try_costs_nothing_more(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ACCOUNT.free + 1):
        await refused(throttle, AT_HOME)
    before = await refused(throttle, AT_HOME)
    for _ in range(50):
        await refused(throttle, AT_HOME)
    assert await refused(throttle, AT_HOME) == before


async def test_another_address_does_not_help_against_an_account(throttle: Throttle) -> None:
    for number in range(ACCOUNT.free + 1):
        await refused(throttle, Visitor(f"10.0.0.{number}"))
    assert await refused(throttle, FAR_AWAY) > 0


async def test_another_name_does_not_help_an_address(throttle: Throttle) -> None:
    for number in range(ADDRESS.free + 1):
        await refused(throttle, AT_HOME, f"name {number}")
    assert await refused(throttle, AT_HOME, "yet another") > 0
    assert await refused(throttle, FAR_AWAY, "yet another") == 0


async def test_a_household_counts_as_one_address_of_ipv6(throttle: Throttle) -> None:
    for number in range(ADDRESS.free + 1):
        await refused(throttle, Visitor(f"fd00::1:{number:x}"), f"name {number}")
    assert await refused(throttle, Visitor("fd00::2:1"), "x") > 0
    assert await refused(throttle, Visitor("fd00:1::1"), "x") == 0


async def test_a_browser_that_is_known_does_not_wait_for_strangers(
    throttle: Throttle, house: House
) -> None:
    ann = await house.set_up()
    key = ann.person.person_key
    await throttle.know(key, "her browser")
    own = Visitor("10.0.0.1", device_key="her browser")
    for _ in range(ACCOUNT.free + 1):
        await refused(throttle, Visitor("10.0.0.1"))
    assert await refused(throttle, Visitor("10.0.0.1")) > 0
    await throttle.begin("ann", key, own)
    # Nor is it free to guess for ever: it is counted by itself.
    for _ in range(DEVICE.free - 1):
        await throttle.begin("ann", key, own)
    with pytest.raises(TooManyTries):
        await throttle.begin("ann", key, own)


async def test_a_browser_known_to_one_account_is_a_stranger_to_others(
    throttle: Throttle, house: House
) -> None:
    ann, ben = await house.set_up(), await house.member("Ben")
    await throttle.know(ben.person.person_key, "his browser")
    visitor = Visitor("10.0.0.1", device_key="his browser")
    for _ in range(ACCOUNT.free):
        await throttle.begin("ann", ann.person.person_key, visitor)
    with pytest.raises(TooManyTries):
        await throttle.begin("ann", ann.person.person_key, visitor)


async def test_the_right_password_is_held_against_nobody(throttle: Throttle) -> None:
    for _ in range(ACCOUNT.free - 1):
        await refused(throttle, AT_HOME)
    await throttle.right(await throttle.begin("ann", KEY, AT_HOME))
    for _ in range(ACCOUNT.free):
        assert await refused(throttle, AT_HOME) == 0


async def test_an_account_of_ones_own_does_not_make_an_address_free(throttle: Throttle) -> None:
    for number in range(ADDRESS.free - 1):
        await refused(throttle, AT_HOME, f"victim {number}")
        await throttle.right(await throttle.begin("own", KEY, AT_HOME))
    await refused(throttle, AT_HOME, "victim")
    assert await refused(throttle, AT_HOME, "victim again") > 0


async def test_a_clock_that_is_set_back_keeps_nobody_out(throttle: Throttle, clock: Clock) -> None:
    for _ in range(ACCOUNT.free + 1):
        await refused(throttle, AT_HOME)
    clock.now -= 365 * 24 * 3600
    assert await refused(throttle, AT_HOME) == 0


async def test_failures_are_forgotten_after_a_day_and_not_by_a_restart(
    database: Database, clock: Clock
) -> None:
    for _ in range(ACCOUNT.free + 1):
        await refused(Throttle(database, b"s" * 32, clock), AT_HOME)
    assert await refused(Throttle(database, b"s" * 32, clock), AT_HOME) > 0
    clock.now += 24 * 3600 + 1
    assert await refused(Throttle(database, b"s" * 32, clock), AT_HOME) == 0


async def test_guessing_fills_nothing_and_leaves_no_name(
    throttle: Throttle, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_SUBJECTS <= 10_000
    monkeypatch.setattr("appliance.accounts.throttle.MOST_SUBJECTS", 20)
    for number in range(60):
        await refused(throttle, Visitor(f"10.1.{number}.1"), f"zanzibar {number}")
    async with database.read() as reader:
        rows = list(await reader.execute_fetchall("SELECT subject FROM failed_tries"))
    assert len(rows) == 20
    assert b"zanzibar" not in repr(rows).encode()
