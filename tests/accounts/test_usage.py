"""What each person has used: counted at once, on the box's own day, and never lost for a clock."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from account_rows import account_in

from appliance.accounts.account import Account
from appliance.accounts.tally import Tally
from appliance.accounts.usage import KEPT_DAYS, KeyTally, Usage
from appliance.errors import StoreFull
from appliance.store import people
from appliance.store.database import Database


@dataclass(frozen=True)
class Counts:
    prompt_tokens: int
    completion_tokens: int


class Book:
    """Usage over a real database, with a clock that a test sets."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime(2026, 11, 21, 22, 30)
        self.usage = self.anew()

    def anew(self) -> Usage:
        """As after a restart."""
        return Usage(self.database, lambda: self.now)

    async def meet(self) -> None:
        self.me = await account_in(self.database, "me")
        self.eve = await account_in(self.database, "eve")

    async def tokens(self, account: Account) -> int:
        """Today's, however they were used."""
        return (await self.usage.tokens_today(account.person))[0]

    def count(self, account: Account, read: int, written: int, key_id: str = "") -> None:
        self.usage.count(account.person, Counts(read, written), key_id)


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[Book]:
    database = await Database.open(tmp_path / "appliance.sqlite3")
    book = Book(database)
    await book.meet()
    yield book
    await book.usage.stop()
    await database.close()


async def test_what_was_counted_is_known_at_once_and_after_a_restart(book: Book) -> None:
    book.count(book.me, 100, 20)
    book.count(book.me, 10, 5, "a key")
    assert await book.usage.tokens_today(book.me.person, "a key") == (135, 15)
    assert await book.tokens(book.eve) == 0
    await book.usage.stop()
    assert await book.anew().tokens_today(book.me.person, "a key") == (135, 15)


async def test_many_at_once_are_few_writes_and_none_is_lost(book: Book) -> None:
    before = book.database.commits
    for _ in range(500):
        book.count(book.me, 2, 1)
    assert await book.tokens(book.me) == 1500
    await book.usage.written()
    assert book.database.commits - before <= 2
    assert await book.tokens(book.me) == 1500


async def test_whoever_asks_while_it_is_written_sees_each_token_once(book: Book) -> None:
    for number in range(1, 50):
        book.count(book.me, 1, 0)
        seen = await asyncio.gather(
            *(book.tokens(book.me) for _ in range(3)),
        )
        assert seen == [number] * 3


async def test_a_day_ends_at_midnight_of_the_box(book: Book) -> None:
    book.count(book.me, 100, 0)
    assert book.usage.seconds_to_midnight() == 90 * 60
    book.now += timedelta(minutes=90)
    assert await book.tokens(book.me) == 0
    book.count(book.me, 7, 0)
    report = await book.usage.of(book.me.person)
    assert [each.tally.tokens for each in report.days[-2:]] == [100, 7]
    assert report.today == Tally(1, 7, 0)
    assert report.total == Tally(2, 107, 0)
    assert len(report.days) == 30


async def test_a_clock_that_jumps_loses_nothing(book: Book) -> None:
    book.count(book.me, 100, 0)
    right = book.now
    for wrong in (datetime(1970, 1, 1, 1), datetime(2099, 5, 5)):
        book.now = wrong
        book.count(book.me, 1, 0)
        await book.usage.written()
    book.now = right
    assert await book.tokens(book.me) == 100
    assert (await book.usage.of(book.me.person)).total == Tally(1, 100, 0)


async def test_a_full_disk_forgets_nothing(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise StoreFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(book.database, "write", full)
        book.count(book.me, 3, 4)
        await book.usage.written()
        assert await book.tokens(book.me) == 7
    book.count(book.me, 1, 0)
    await book.usage.written()
    assert await book.anew().tokens_today(book.me.person) == (8, 8)


async def test_old_days_go_and_the_newest_stay(book: Book) -> None:
    for _ in range(KEPT_DAYS + 5):
        book.now += timedelta(days=1)
        book.count(book.me, 1, 0)
        await book.usage.written()
    async with book.database.read() as reader:
        rows = await reader.execute_fetchall("SELECT min(day), count(*) FROM usage")
    oldest = (book.now - timedelta(days=KEPT_DAYS - 1)).date().isoformat()
    assert [tuple(row) for row in rows] == [(oldest, KEPT_DAYS)]


async def test_keys_are_told_apart_and_one_that_is_gone_is_said_to_be(book: Book) -> None:
    book.count(book.me, 5, 5)
    book.count(book.me, 50, 0, "gone")
    report = await book.usage.of(book.me.person)
    assert report.keys == (
        KeyTally("", True, Tally(1, 50, 0)),
        KeyTally("", False, Tally(1, 5, 5)),
    )


async def test_an_administrator_sees_numbers_of_everybody_and_nothing_else(book: Book) -> None:
    book.count(book.eve, 1, 1)
    book.count(book.me, 5, 5)
    counted = await book.usage.by_person()
    assert [(each.name, each.tally) for each in counted] == [
        ("me", Tally(1, 5, 5)),
        ("eve", Tally(1, 1, 1)),
    ]


async def test_a_reply_that_ends_after_its_person_is_gone_is_nobodys(book: Book) -> None:
    book.count(book.me, 1, 1)
    await book.usage.written()
    async with book.database.write() as tx:
        await people.delete(tx, book.me.person.person_key)
    book.count(book.me, 1, 1)
    await book.usage.written()
    assert await book.usage.by_person() == ()
