"""Keys for programs: who has one, what it opens, and how it ends."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from account_rows import account_in

from appliance.accounts.account import Account, AccountRole, SignedIn
from appliance.accounts.api_key import PREFIX, Scope, digest_of, new_secret
from appliance.accounts.api_keys import ApiKeys
from appliance.accounts.audit import AuditLog
from appliance.accounts.limit import Limit
from appliance.accounts.new_key import MOST_KEYS, Wish, accepted_wish
from appliance.accounts.open_requests import OpenRequests
from appliance.errors import Conflict, InvalidInput, NotFound
from appliance.store import people
from appliance.store.database import Database

DAY = 24 * 60 * 60


class Desk:
    """Keys over a real database, a clock that a test sets, and two people."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 1_800_000_000.0
        self.open_requests = OpenRequests()
        self.audit = AuditLog(database)
        self.keys = ApiKeys(database, self.audit, self.open_requests, lambda: self.now)

    async def meet(self) -> None:
        self.me = await account_in(self.database, "me")
        self.eve = await account_in(self.database, "eve")

    async def last_used(self, account: Account) -> int | None:
        return (await self.keys.of_person(account.person))[0].last_used_at


def wish(name: str = "editor", *scopes: Scope, days: int | None = None) -> Wish:
    return Wish(name, frozenset(scopes or (Scope.CHAT,)), days)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = await Database.open(tmp_path / "appliance.sqlite3")
    desk = Desk(database)
    await desk.meet()
    yield desk
    await database.close()


async def test_a_key_is_its_owners_and_does_what_it_was_made_for(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish("editor", Scope.CHAT, Scope.READ))
    signed_in = await desk.keys.who(made.secret)
    assert signed_in == SignedIn(
        desk.me, None, made.key.key_id, frozenset({Scope.CHAT, Scope.READ})
    )
    (listed,) = await desk.keys.of_person(desk.me.person)
    assert made.secret.startswith(listed.beginning + made.secret[len(listed.beginning)])
    assert listed.beginning.startswith(PREFIX)
    assert await desk.keys.of_person(desk.eve.person) == ()


async def test_no_file_holds_a_key(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    await desk.keys.who(made.secret)
    folder = desk.database.path.parent
    written = b"".join(file.read_bytes() for file in folder.iterdir() if file.is_file())
    assert made.key.beginning.encode() in written, "what is listed is there"
    assert made.secret.removeprefix(made.key.beginning).encode() not in written
    assert digest_of(made.secret) in written


async def test_two_keys_are_never_the_same() -> None:
    assert len({new_secret() for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "made_up", ["", "appliance_", PREFIX + "0" * 64, PREFIX + "g" * 64, "x" * 100_000, "\udc80"]
)
async def test_what_is_no_key_opens_nothing(desk: Desk, made_up: str) -> None:
    await desk.keys.make(desk.me.person, wish())
    assert await desk.keys.who(made_up) is None


async def test_a_key_that_differs_in_one_letter_opens_nothing(desk: Desk) -> None:
    secret = (await desk.keys.make(desk.me.person, wish())).secret
    other = secret[:-1] + ("0" if secret[-1] != "0" else "1")
    for wrong in (other, secret.upper(), secret + " ", secret + "\n", secret[:-1]):
        assert await desk.keys.who(wrong) is None


async def test_a_key_ends_on_its_day_and_not_before(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish(days=7))
    desk.now += 7 * DAY - 1
    assert await desk.keys.who(made.secret)
    desk.now += 1
    assert await desk.keys.who(made.secret) is None
    (listed,) = await desk.keys.of_person(desk.me.person)
    assert listed.has_expired(desk.now)


async def test_a_revoked_key_is_none_at_once_and_its_streams_end(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    other = await desk.keys.make(desk.me.person, wish("other"))
    signed_in = await desk.keys.who(made.secret)
    beside = await desk.keys.who(other.secret)
    assert signed_in is not None and beside is not None
    with desk.open_requests.watch(signed_in) as over, desk.open_requests.watch(beside) as not_over:
        await desk.keys.revoke(desk.me.person, made.key.key_id)
        assert over.is_set()
        assert not not_over.is_set()
    assert await desk.keys.who(made.secret) is None
    assert await desk.keys.who(other.secret)
    with pytest.raises(NotFound):
        await desk.keys.revoke(desk.me.person, made.key.key_id)


async def test_nobody_revokes_the_key_of_somebody_else(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    with pytest.raises(NotFound):
        await desk.keys.revoke(desk.eve.person, made.key.key_id)
    assert await desk.keys.who(made.secret)


async def test_a_disabled_persons_keys_stop_and_come_back_with_them(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    for is_disabled in (True, False):
        async with desk.database.write() as tx:
            await people.set_disabled(tx, desk.me.person.person_key, is_disabled)
        assert (await desk.keys.who(made.secret) is None) is is_disabled


async def test_keys_go_with_their_account(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    async with desk.database.write() as tx:
        await people.delete(tx, desk.me.person.person_key)
    assert await desk.keys.who(made.secret) is None


async def test_somebody_who_is_no_administrator_any_more_has_no_key_to_the_figures(
    desk: Desk,
) -> None:
    admin = await account_in(desk.database, "ann", AccountRole.ADMIN)
    made = await desk.keys.make(admin.person, wish("prometheus", Scope.METRICS, Scope.CHAT))
    before = await desk.keys.who(made.secret)
    async with desk.database.write() as tx:
        await people.set_role(tx, admin.person.person_key, AccountRole.MEMBER)
    after = await desk.keys.who(made.secret)
    assert before is not None and after is not None
    assert before.scopes == {Scope.METRICS, Scope.CHAT}
    assert after.scopes == {Scope.CHAT}


async def test_the_last_use_is_written_once_a_minute_at_most(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    assert await desk.last_used(desk.me) is None
    before = desk.database.commits
    for _ in range(60):
        await desk.keys.who(made.secret)
        desk.now += 0.9
    assert desk.database.commits == before + 1
    desk.now += 60
    await desk.keys.who(made.secret)
    assert desk.database.commits == before + 2
    assert await desk.last_used(desk.me) == int(desk.now)


async def test_a_clock_that_was_ahead_does_not_stop_the_noting(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish())
    desk.now += 365 * DAY
    await desk.keys.who(made.secret)
    desk.now -= 365 * DAY
    await desk.keys.who(made.secret)
    assert await desk.last_used(desk.me) == int(desk.now)


async def test_fifty_keys_are_enough_and_no_two_have_one_name(desk: Desk) -> None:
    for number in range(MOST_KEYS):
        await desk.keys.make(desk.me.person, wish(f"key {number}"))
    with pytest.raises(InvalidInput, match="Revoke one"):
        await desk.keys.make(desk.me.person, wish("one more"))
    first = (await desk.keys.of_person(desk.me.person))[-1]
    await desk.keys.revoke(desk.me.person, first.key_id)
    with pytest.raises(Conflict, match="called key 1 already"):
        await desk.keys.make(desk.me.person, wish("key 1"))
    await desk.keys.make(desk.me.person, wish("one more"))
    await desk.keys.make(desk.eve.person, wish("key 1"))


async def test_making_and_revoking_is_on_record_without_the_key(desk: Desk) -> None:
    made = await desk.keys.make(desk.me.person, wish("a private name"), "10.0.0.7")
    await desk.keys.revoke(desk.me.person, made.key.key_id, "10.0.0.8")
    lines = await desk.audit.list()
    assert [(line.act, line.who, line.about, line.address) for line in lines] == [
        ("key revoked", "me", made.key.beginning, "10.0.0.8"),
        ("key made", "me", made.key.beginning, "10.0.0.7"),
    ]


def test_a_wish_is_cleaned_and_kept() -> None:
    accepted = accepted_wish(" my \t editor ", ["chat", "read"], 30, Limit(5, 6), is_admin=False)
    assert accepted == Wish("my editor", frozenset({Scope.CHAT, Scope.READ}), 30, Limit(5, 6))


@pytest.mark.parametrize(
    ("name", "scopes", "days", "sentence"),
    [
        ("", ["chat"], None, "needs a name"),
        (" \n ", ["chat"], None, "needs a name"),
        ("a\u202eb", ["chat"], None, "needs a name"),
        ("a\0b", ["chat"], None, "NUL"),
        ("x" * 61, ["chat"], None, "at most 60 characters"),
        ("editor", [], None, "Choose at least one"),
        ("editor", ["chat", "root"], None, "`root` is nothing"),
        ("editor", ["metrics"], None, "Only an administrator's"),
        ("editor", ["chat"], 0, "from 1 to 3,650 days"),
        ("editor", ["chat"], 3651, "from 1 to 3,650 days"),
    ],
)
def test_what_no_key_can_be_is_refused_with_a_sentence(
    name: str, scopes: list[str], days: int | None, sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        accepted_wish(name, scopes, days, Limit(), is_admin=False)
