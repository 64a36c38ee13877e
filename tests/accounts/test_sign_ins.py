"""Sign-ins: how they begin, how they end, and what ends with them."""

import pytest
from house import House

from appliance.accounts.account import Account, Device
from appliance.accounts.random_keys import key_hash
from appliance.accounts.sign_ins import DAY, MOST_BROWSERS, SignIns
from appliance.conversations.conversation import Person
from appliance.errors import NotFound
from appliance.store.database import Database

FIREFOX = Device("Firefox", "Linux")


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Diary:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[tuple[object, ...]] = []

    async def signed_in(self, account: Account, password: str | None) -> None:
        self.lines.append(("in", account.person.name, password))

    async def signed_out(self, person: Person, was_last: bool) -> None:
        self.lines.append(("out", person.name, was_last))

    async def password_changed(self, account: Account, old: str | None, new: str) -> None:
        self.lines.append(("changed", old, new))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def sign_ins(database: Database, clock: Clock, diary: Diary) -> SignIns:
    return SignIns(database, [diary], clock=clock)


async def test_a_key_says_whose_browser_it_is(sign_ins: SignIns, house: House) -> None:
    ann = await house.set_up()
    key = await sign_ins.begin(ann, FIREFOX)
    found = await sign_ins.who(key)
    assert found is not None and found.account == ann and found.scopes is None
    assert await sign_ins.who(key[:-1]) is None
    assert await sign_ins.who("") is None
    assert await sign_ins.who("\ud800") is None


async def test_the_database_holds_no_key(
    sign_ins: SignIns, house: House, database: Database
) -> None:
    key = await sign_ins.begin(await house.set_up(), FIREFOX)
    await database.truncate_wal()
    assert len(key) >= 43
    assert key.encode() not in database.path.read_bytes()
    assert key_hash(key) in database.path.read_bytes()


async def test_a_browser_is_signed_out_after_a_time_without_use(
    sign_ins: SignIns, house: House, clock: Clock
) -> None:
    key = await sign_ins.begin(await house.set_up(), FIREFOX)
    for _ in range(3):
        clock.now += 29 * DAY
        assert await sign_ins.who(key) is not None
    clock.now += 30 * DAY
    assert await sign_ins.who(key) is None


async def test_and_after_its_longest_time_whatever_happens(
    sign_ins: SignIns, house: House, clock: Clock
) -> None:
    key = await sign_ins.begin(await house.set_up(), FIREFOX)
    for _ in range(8):
        clock.now += 20 * DAY
        assert await sign_ins.who(key) is not None
    clock.now += 20 * DAY
    assert await sign_ins.who(key) is None


async def test_use_is_noted_once_a_minute(
    sign_ins: SignIns, house: House, clock: Clock, database: Database
) -> None:
    key = await sign_ins.begin(await house.set_up(), FIREFOX)
    before = database.commits
    for _ in range(10):
        clock.now += 5
        await sign_ins.who(key)
    assert database.commits == before
    clock.now += 30
    await sign_ins.who(key)
    assert database.commits == before + 1


async def test_old_ones_end_by_themselves_and_what_is_open_with_them(
    sign_ins: SignIns, house: House, clock: Clock, diary: Diary
) -> None:
    ann = await house.set_up()
    old = await sign_ins.who(await sign_ins.begin(ann, FIREFOX))
    clock.now += 25 * DAY
    young = await sign_ins.who(await sign_ins.begin(ann, FIREFOX))
    clock.now += 10 * DAY
    assert old and young
    with sign_ins.open_requests.watch(old) as over, sign_ins.open_requests.watch(young) as stays:
        assert await sign_ins.end_old() == 2  # the house's own, too
        assert over.is_set() and not stays.is_set()
    assert await sign_ins.end_old() == 0
    assert diary.lines[-1] == ("out", "Ann", False)


async def test_one_browser_is_signed_out_and_its_streams_end(
    sign_ins: SignIns, house: House, diary: Diary
) -> None:
    ann = await house.member("Ann")
    keys = [await sign_ins.begin(ann, FIREFOX) for _ in range(2)]
    one, other = [await sign_ins.who(key) for key in keys]
    assert one and one.sign_in_id and other
    with sign_ins.open_requests.watch(one) as over, sign_ins.open_requests.watch(other) as stays:
        await sign_ins.end(ann.person, one.sign_in_id)
        assert over.is_set() and not stays.is_set()
    assert await sign_ins.who(keys[0]) is None and await sign_ins.who(keys[1]) is not None
    assert diary.lines[-1] == ("out", "Ann", False)
    assert len(sign_ins.open_requests) == 0
    with pytest.raises(NotFound):
        await sign_ins.end(ann.person, one.sign_in_id)


async def test_nobody_ends_somebody_elses(sign_ins: SignIns, house: House) -> None:
    ann, ben = await house.member("Ann"), await house.member("Ben")
    key = await sign_ins.begin(ann, FIREFOX)
    found = await sign_ins.who(key)
    assert found and found.sign_in_id
    with pytest.raises(NotFound):
        await sign_ins.end(ben.person, found.sign_in_id)
    await sign_ins.end_all(ben.person)
    assert await sign_ins.who(key) is not None


async def test_signing_out_everywhere_can_leave_this_browser(
    sign_ins: SignIns, house: House, diary: Diary
) -> None:
    ann = await house.member("Ann")
    keys = [await sign_ins.begin(ann, FIREFOX, "the password") for _ in range(3)]
    this = await sign_ins.who(keys[0])
    assert this and await sign_ins.end_all(ann.person, this.sign_in_id) == 2
    assert [await sign_ins.who(key) is not None for key in keys] == [True, False, False]
    assert await sign_ins.end_all(ann.person) == 1
    assert diary.lines == [
        *[("in", "Ann", "the password")] * 3,
        ("out", "Ann", False),
        ("out", "Ann", True),
    ]


async def test_there_is_a_list_of_browsers_latest_use_first(
    sign_ins: SignIns, house: House, clock: Clock
) -> None:
    ann = await house.member("Ann")
    key = await sign_ins.begin(ann, FIREFOX)
    clock.now += 100
    await sign_ins.begin(ann, Device("Chrome", "Android"))
    clock.now += 100
    await sign_ins.who(key)
    assert [each.device.browser for each in await sign_ins.devices(ann.person)] == [
        "Firefox",
        "Chrome",
    ]


async def test_an_account_is_signed_in_in_so_many_browsers_at_most(
    sign_ins: SignIns, house: House, clock: Clock
) -> None:
    ann = await house.member("Ann")
    first = await sign_ins.begin(ann, FIREFOX)
    for _ in range(MOST_BROWSERS):
        clock.now += 1
        last = await sign_ins.begin(ann, FIREFOX)
    assert len(await sign_ins.devices(ann.person)) == MOST_BROWSERS
    assert await sign_ins.who(first) is None and await sign_ins.who(last) is not None
