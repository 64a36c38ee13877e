"""How much each may ask of the model, and the sentence for who has asked for more.

A limit is looked up where it is kept each time, so that one which an administrator changes holds
for the next request. A reply is counted when it is over; those being written still are let end.
"""

from dataclasses import dataclass

from appliance.accounts.api_key import ApiKey
from appliance.accounts.limit import Limit, Room, Rooms
from appliance.accounts.request_rates import RequestRates
from appliance.accounts.usage import Usage
from appliance.accounts.waiting_words import within_words
from appliance.conversations.conversation import Person
from appliance.errors import NotFound, OverLimit
from appliance.store import limits
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class _Held:
    """One limit that holds for a request: whose it is, in words, and what was used of it."""

    who: str
    whose: str
    limit: Limit
    tokens_used: int


class Limits:
    """For all requests; one object a process. `default` holds until an administrator sets more."""

    def __init__(
        self,
        database: Database,
        usage: Usage,
        default: Limit,
        rates: RequestRates | None = None,
    ) -> None:
        self._database = database
        self._usage = usage
        self._rates = rates or RequestRates()
        self.default = default

    async def of_everybody(self) -> Limit:
        """What holds for whoever has no limit of their own."""
        async with self._database.read() as reader:
            return await limits.of_everybody(reader) or self.default

    async def of_person(self, person_id: str) -> Limit | None:
        """This person's own; None when everybody's holds."""
        async with self._database.read() as reader:
            return await limits.of_person(reader, person_id)

    async def set_of_everybody(self, limit: Limit | None) -> None:
        """None brings back what the settings say."""
        async with self._database.write() as tx:
            await limits.set_of_everybody(tx, limit)

    async def set_of_person(self, person_id: str, limit: Limit | None) -> None:
        """None lets everybody's hold again. Raises NotFound."""
        async with self._database.write() as tx:
            if not await limits.set_of_person(tx, person_id, limit):
                raise NotFound("There is no such person. They may have been deleted.")

    async def holds_for(self, person: Person) -> Limit:
        """This person's own limit, or everybody's."""
        async with self._database.read() as reader:
            own = await limits.of_person(reader, person.person_id)
            return own or await limits.of_everybody(reader) or self.default

    async def admit(self, person: Person, key: ApiKey | None = None) -> Rooms:
        """Count one request, and say what is left. Raises OverLimit, and then counts nothing."""
        held = await self._held(person, key)
        for each in held:
            self._check(each)
        for each in held:
            if per_minute := each.limit.requests_per_minute:
                self._rates.take(each.who, per_minute)
        return self._rooms(held)

    async def rooms(self, person: Person, key: ApiKey | None = None) -> Rooms:
        """The same without counting anything."""
        return self._rooms(await self._held(person, key))

    async def _held(self, person: Person, key: ApiKey | None) -> list[_Held]:
        limit = await self.holds_for(person)
        used, used_by_key = await self._usage.tokens_today(person, key.key_id if key else "")
        held = [_Held(f"person {person.person_key}", "You have", limit, used)]
        if key is not None:
            held.append(_Held(f"key {key.key_id}", "This key has", key.limit, used_by_key))
        return held

    def _check(self, held: _Held) -> None:
        limit = held.limit
        if limit.tokens_per_day and held.tokens_used >= limit.tokens_per_day:
            seconds = self._usage.seconds_to_midnight()
            raise OverLimit(
                f"{held.whose} used up the {limit.tokens_per_day:,} tokens of today. There are "
                f"new ones {within_words(seconds)}, at midnight.",
                "tokens",
                seconds,
            )
        if per_minute := limit.requests_per_minute:
            seconds = self._rates.seconds_to_next(held.who, per_minute)
            if seconds > 0:
                times = "once" if per_minute == 1 else f"{per_minute:,} times"
                raise OverLimit(
                    f"{held.whose} asked as often as is allowed, {times} a minute. Try again "
                    f"{within_words(seconds)}.",
                    "requests",
                    seconds,
                )

    def _rooms(self, held: list[_Held]) -> Rooms:
        """The tightest of those that hold."""
        requests = [
            self._rates.room(each.who, each.limit.requests_per_minute)
            for each in held
            if each.limit.requests_per_minute
        ]
        seconds = self._usage.seconds_to_midnight()
        tokens = [
            Room(most, max(0, most - each.tokens_used), seconds)
            for each in held
            if (most := each.limit.tokens_per_day)
        ]
        return Rooms(
            min(requests, key=lambda room: room.left, default=None),
            min(tokens, key=lambda room: room.left, default=None),
        )
