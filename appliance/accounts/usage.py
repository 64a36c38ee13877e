"""How much each person asks of the model: counted at once, written down right after.

A day is the box's own, from midnight to midnight of its clock. When that clock jumps, what is used
is counted on the day that it shows; nothing that was counted is lost.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol

import structlog

from appliance.accounts.promised_tokens import PromisedTokens
from appliance.accounts.tally import DayTally, PersonTally, Tally
from appliance.conversations.conversation import Person
from appliance.errors import StoreError
from appliance.store import api_keys, usage
from appliance.store.database import Database

SHOWN_DAYS = 30
KEPT_DAYS = 90

log = structlog.get_logger(__name__)


class TokenCounts(Protocol):
    """What is asked of the engine's counts of a reply."""

    @property
    def prompt_tokens(self) -> int: ...
    @property
    def completion_tokens(self) -> int: ...


@dataclass(frozen=True, slots=True)
class KeyTally:
    """What went through one key. Without a name it was the page; one that is gone has none left."""

    name: str
    is_gone: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Of one person: every one of the last days, oldest first, and what they came through."""

    days: tuple[DayTally, ...]
    keys: tuple[KeyTally, ...]

    @property
    def today(self) -> Tally:
        return self.days[-1].tally

    @property
    def total(self) -> Tally:
        return sum((each.tally for each in self.days), Tally())


class Usage:
    """Counts for all; one object a process. `now` is the box's local time."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] = datetime.now,
        promised: PromisedTokens | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self.promised = promised or PromisedTokens(0)
        self._unwritten: dict[tuple[int, str, str], Tally] = {}
        self._writing: asyncio.Task[None] | None = None
        # Whoever reads sees what was counted either here or on the disk, never in both or neither.
        self._at_disk = asyncio.Lock()
        self._tidied = ""

    def count(self, person: Person, counts: TokenCounts, key_id: str = "") -> None:
        """One more reply is over, whether or not anybody has read it to its end."""
        self.promised.settle(person.person_key, key_id)
        place = (person.person_key, self._today().isoformat(), key_id)
        more = Tally(1, counts.prompt_tokens, counts.completion_tokens)
        self._unwritten[place] = self._unwritten.get(place, Tally()) + more
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name="usage")

    async def tokens_today(self, person: Person, key_id: str = "") -> tuple[int, int]:
        """All of this person's, and those of one key among them."""
        day = self._today().isoformat()
        async with self._at_disk:
            async with self._database.read() as reader:
                whole, by_key = await usage.tokens_on(reader, person.person_key, day, key_id)
            for (person_key, its_day, its_key), tally in self._unwritten.items():
                if (person_key, its_day) == (person.person_key, day):
                    whole += tally.tokens
                    by_key += tally.tokens if its_key == key_id else 0
        return whole, by_key

    def seconds_to_midnight(self) -> float:
        """Until the next day begins here, whatever summer time does meanwhile."""
        now = self._now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time())
        return max(1.0, midnight.timestamp() - now.timestamp())

    async def of(self, person: Person) -> UsageReport:
        """What this person has used lately."""
        days = self._last_days(SHOWN_DAYS)
        await self.written()
        async with self._database.read() as reader:
            used = await usage.by_day(reader, person.person_key, days[0], days[-1])
            by_key = await usage.by_key(reader, person.person_key, days[0], days[-1])
            names = {
                key.key_id: key.name for key in await api_keys.of_person(reader, person.person_key)
            }
        tallies = {each.day: each for each in used}
        keys = (
            KeyTally(names.get(key_id, ""), bool(key_id) and key_id not in names, tally)
            for key_id, tally in by_key.items()
        )
        return UsageReport(
            tuple(tallies.get(day, DayTally(day, Tally())) for day in days),
            tuple(sorted(keys, key=lambda each: -each.tally.tokens)),
        )

    async def by_person(self, days: int = SHOWN_DAYS) -> tuple[PersonTally, ...]:
        """For an administrator: numbers of everybody who used anything, and nothing else."""
        shown = self._last_days(days)
        await self.written()
        async with self._database.read() as reader:
            return await usage.by_person(reader, shown[0], shown[-1])

    async def written(self) -> None:
        """Return when all that was counted so far is on the disk, or could not be written."""
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def stop(self) -> None:
        """Write down what is left."""
        await self.written()
        await self._write_all()

    async def _write_all(self) -> None:
        while self._unwritten:
            async with self._at_disk:
                batch, self._unwritten = self._unwritten, {}
                try:
                    await self._write(batch)
                except StoreError as error:
                    # Counted as before; the next one that is counted tries again.
                    for place, tally in batch.items():
                        self._unwritten[place] = tally + self._unwritten.get(place, Tally())
                    log.warning("usage was not written", error=str(error))
                    return

    async def _write(self, batch: dict[tuple[int, str, str], Tally]) -> None:
        today = self._today().isoformat()
        async with self._database.write() as tx:
            for (person_key, day, key_id), tally in batch.items():
                await usage.add(tx, person_key, day, key_id, tally)
            if self._tidied != today:
                await usage.keep_newest(tx, KEPT_DAYS)
        self._tidied = today

    def _today(self) -> date:
        return self._now().date()

    def _last_days(self, count: int) -> list[str]:
        today = self._today()
        return [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(count))]
