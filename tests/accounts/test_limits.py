"""How much each may ask for, and what is said to whoever has asked for more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from account_rows import account_in

from appliance.accounts.account import Account
from appliance.accounts.api_key import Scope
from appliance.accounts.api_keys import ApiKeys
from appliance.accounts.audit import AuditLog
from appliance.accounts.limit import Limit, accepted_limit
from appliance.accounts.limits import Limits
from appliance.accounts.new_key import Wish
from appliance.accounts.open_requests import OpenRequests
from appliance.accounts.promised_tokens import LONGEST_SECONDS, PromisedTokens
from appliance.accounts.request_rates import RequestRates
from appliance.accounts.usage import Usage
from appliance.accounts.waiting_words import within_words
from appliance.errors import InvalidInput, NotFound
from appliance.store.database import Database


@dataclass(frozen=True)
class Counts:
    prompt_tokens: int
    completion_tokens: int


REPLY = 400
"""Tokens that one may have."""


class Gate:
    """Limits over a real database; both clocks are set by a test."""

    me: Account
    eve: Account

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime(2026, 11, 21, 20, 40)
        self.seconds = 0.0
        self.usage = Usage(database, lambda: self.now, PromisedTokens(REPLY, lambda: self.seconds))
        self.audit = AuditLog(database)
        rates = RequestRates(lambda: self.seconds)
        self.limits = Limits(database, self.usage, Limit(3, 1000), self.audit, rates)
        self.keys = ApiKeys(database, self.audit, OpenRequests())

    async def key(self, limit: Limit) -> str:
        made = await self.keys.make(self.me.person, Wish("k", frozenset({Scope.CHAT}), None, limit))
        return made.key.key_id

    async def refusal(self, key_id: str | None = None, who: Account | None = None) -> str:
        admission = await self.limits.admit((who or self.me).person, key_id, asks_model=True)
        if admission.promise is not None:  # what it costs is counted elsewhere
            self.limits.take_back(admission.promise)
        return str(admission.refusal or "")


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    database = await Database.open(tmp_path / "appliance.sqlite3")
    gate = Gate(database)
    gate.me = await account_in(database, "me")
    gate.eve = await account_in(database, "eve")
    yield gate
    await gate.usage.stop()
    await database.close()


async def test_the_fourth_request_of_three_a_minute_is_told_to_wait(gate: Gate) -> None:
    assert [await gate.refusal() for _ in range(4)] == [
        *("", "", ""),
        "You have asked as often as is allowed, 3 times a minute. Try again in 20 seconds.",
    ]
    assert await gate.refusal(who=gate.eve) == "", "others are not held up"
    gate.seconds += 20
    assert await gate.refusal() == ""


async def test_a_refused_request_counts_nothing(gate: Gate) -> None:
    for _ in range(10):
        await gate.refusal()
    gate.seconds += 20
    assert await gate.refusal() == ""


async def test_the_days_tokens_come_to_their_end_and_back_at_midnight(gate: Gate) -> None:
    gate.usage.count(gate.me.person, Counts(900, 99))
    assert await gate.refusal() == "", "one token is left, and a reply may be longer than that"
    gate.usage.count(gate.me.person, Counts(0, 1))
    assert await gate.refusal() == (
        "You have used up the 1,000 tokens of today. There are new ones in 3 hours and "
        "20 minutes, at midnight."
    )
    gate.now = datetime(2026, 11, 22)
    assert await gate.refusal() == ""


BUSY = (
    "What is being written for you now may take all that is left of today's 1,000 tokens. Try "
    "again when it is done."
)


async def admitted(gate: Gate, count: int, key_id: str | None = None) -> list[str]:
    """So many at once, none of which is over."""
    person = gate.me.person
    asked = [gate.limits.admit(person, key_id) for _ in range(count)]
    return sorted(str(each.refusal or "") for each in await asyncio.gather(*asked))


async def test_a_burst_is_not_promised_more_tokens_than_there_are(gate: Gate) -> None:
    await gate.limits.set_of_everybody(Limit(0, 1000))
    assert await admitted(gate, 20) == ["", "", "", *[BUSY] * 17]
    assert (await gate.limits.admit(gate.eve.person)).refusal is None, "others have their own"


async def test_a_reply_that_is_over_makes_room_by_what_it_has_not_taken(gate: Gate) -> None:
    await gate.limits.set_of_everybody(Limit(0, 1000))
    assert await admitted(gate, 4) == ["", "", "", BUSY]
    gate.usage.count(gate.me.person, Counts(20, 80))
    assert await admitted(gate, 2) == ["", BUSY]
    gate.usage.count(gate.me.person, Counts(20, 380))
    assert await admitted(gate, 1) == [BUSY], "500 are used, and 800 promised"


async def test_what_is_promised_to_nothing_comes_back(gate: Gate) -> None:
    await gate.limits.set_of_everybody(Limit(0, 400))
    refused_later = await gate.limits.admit(gate.me.person)
    assert await gate.refusal() != ""
    assert refused_later.promise is not None
    gate.limits.take_back(refused_later.promise)
    assert await admitted(gate, 1) == [""]
    gate.seconds += LONGEST_SECONDS
    assert await admitted(gate, 1) == [""], "a promise is not kept for ever"


async def test_a_keys_promises_are_its_own_and_its_persons(gate: Gate) -> None:
    await gate.limits.set_of_everybody(Limit(0, 1000))
    key_id = await gate.key(Limit(0, 400))
    assert [bool(each) for each in await admitted(gate, 3, key_id)] == [False, True, True]
    assert await admitted(gate, 3) == ["", "", BUSY]


async def test_who_has_no_tokens_left_may_still_read(gate: Gate) -> None:
    gate.usage.count(gate.me.person, Counts(1000, 0))
    admission = await gate.limits.admit(gate.me.person, None, asks_model=False)
    assert admission.refusal is None


async def test_a_key_is_held_to_its_own_limit_and_to_its_persons(gate: Gate) -> None:
    key_id = await gate.key(Limit(1, 100))
    assert await gate.refusal(key_id) == ""
    assert (await gate.refusal(key_id)).startswith(
        "This key has asked as often as is allowed, once"
    )
    assert await gate.refusal() == "", "without the key there is room"
    gate.usage.count(gate.me.person, Counts(100, 0), key_id)
    gate.seconds += 60
    assert (await gate.refusal(key_id)).startswith("This key has used up the 100 tokens")
    gate.usage.count(gate.me.person, Counts(900, 0))
    assert (await gate.refusal(key_id)).startswith("You have used up the 1,000 tokens")


async def test_what_a_key_refuses_is_not_taken_from_its_person(gate: Gate) -> None:
    key_id = await gate.key(Limit(1, 0))
    for _ in range(5):
        await gate.refusal(key_id)
    assert [await gate.refusal() for _ in range(3)][:2] == ["", ""]


async def test_programs_are_told_the_tightest_of_what_is_left(gate: Gate) -> None:
    key_id = await gate.key(Limit(2, 10_000))
    gate.usage.count(gate.me.person, Counts(400, 0))
    rooms = (await gate.limits.admit(gate.me.person, key_id)).rooms
    assert rooms.requests is not None and rooms.tokens is not None
    assert (rooms.requests.limit, rooms.requests.left) == (2, 1)
    assert rooms.requests.resets_after_seconds == 30
    assert (rooms.tokens.limit, rooms.tokens.left) == (1000, 600)
    assert rooms.tokens.resets_after_seconds == (3 * 60 + 20) * 60


async def test_an_administrator_changes_them_for_all_or_for_one_at_once(gate: Gate) -> None:
    my_id, person = gate.me.person.person_id, gate.me.person
    await gate.limits.set_of_everybody(Limit(2, 0))
    assert [bool(await gate.refusal()) for _ in range(3)] == [False, False, True]
    await gate.limits.set_of_person(my_id, Limit(0, 0))
    assert not any([await gate.refusal() for _ in range(200)])
    assert await gate.limits.of_person(my_id) == Limit(0, 0)
    rooms = await gate.limits.rooms(person)
    assert (rooms.requests, rooms.tokens) == (None, None)
    assert [bool(await gate.refusal(who=gate.eve)) for _ in range(3)] == [False, False, True]
    await gate.limits.set_of_person(my_id, None)
    await gate.limits.set_of_everybody(None)
    assert await gate.limits.of_everybody() == Limit(3, 1000)
    gate.seconds += 120
    assert [bool(await gate.refusal()) for _ in range(4)] == [False, False, False, True]


async def test_who_changed_them_for_whom_is_on_record(gate: Gate) -> None:
    await gate.limits.set_of_everybody(Limit(2, 0), gate.eve.person, "10.0.0.7")
    await gate.limits.set_of_person(gate.me.person.person_id, Limit(1, 1), gate.eve.person)
    lines = await gate.audit.list()
    assert [(line.act, line.who, line.about, line.address) for line in lines] == [
        ("limits changed", "eve", "me", ""),
        ("limits changed", "eve", "everybody", "10.0.0.7"),
    ]


async def test_a_person_who_is_not_there_has_no_limit_to_change(gate: Gate) -> None:
    with pytest.raises(NotFound):
        await gate.limits.set_of_person("nobody", Limit(1, 1))


@pytest.mark.parametrize(("requests", "tokens"), [(-1, 0), (0, -1), (100_001, 0), (0, 10**9 + 1)])
def test_a_limit_that_cannot_be_is_refused_with_a_sentence(requests: int, tokens: int) -> None:
    with pytest.raises(InvalidInput, match="nothing was changed"):
        accepted_limit(requests, tokens)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "in 1 second"),
        (20, "in 20 seconds"),
        (90.5, "in 2 minutes"),
        (3540.0, "in 59 minutes"),
        (3541.0, "in 1 hour"),
        (7260.0, "in 2 hours and 1 minute"),
        (86400.0, "in 24 hours"),
    ],
)
def test_how_long_it_takes_is_said_in_words_and_never_too_short(seconds: float, words: str) -> None:
    assert within_words(seconds) == words
