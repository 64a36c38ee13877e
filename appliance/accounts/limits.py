"""How much each may ask of the model, and the sentence for who has asked for more.

A limit is looked up where it is kept each time, so that one which an administrator changes holds
for the next request. A reply is counted when it is over, and until then what it may take is
promised to it, so that no burst takes more than there is; those being written still are let end.
"""

from dataclasses import dataclass

from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.limit import UNLIMITED, Limit, Room, Rooms
from appliance.accounts.promised_tokens import Promise
from appliance.accounts.request_rates import RequestRates
from appliance.accounts.usage import Usage
from appliance.accounts.waiting_words import within_words
from appliance.conversations.conversation import Person
from appliance.errors import NotFound, OverLimit
from appliance.sentences import say, say_counted
from appliance.store import api_keys, limits, people
from appliance.store.database import Database

_SOON_SECONDS = 10.0

EVERYBODY = "everybody"
"""Whose limits were changed, in the record of the box."""


@dataclass(frozen=True, slots=True)
class _Held:
    """One limit that holds for a request: whose it is, and what was used of it."""

    who: str
    is_keys: bool
    limit: Limit
    tokens_used: int
    person_key: int
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """What is left, and why the request is refused, if it is; else what a reply to it may take."""

    rooms: Rooms
    refusal: OverLimit | None = None
    promise: Promise | None = None


class Limits:
    """For all requests; one object a process. `default` holds until an administrator sets more."""

    def __init__(
        self,
        database: Database,
        usage: Usage,
        default: Limit,
        audit: AuditLog,
        rates: RequestRates | None = None,
    ) -> None:
        self._database = database
        self._usage = usage
        self._audit = audit
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

    async def set_of_everybody(
        self, limit: Limit | None, by: Person | None = None, address: str = ""
    ) -> None:
        """None brings back what the settings say."""
        async with self._database.write() as tx:
            await limits.set_of_everybody(tx, limit)
            await self._audit.note(tx, Act.LIMITS_CHANGED, by, EVERYBODY, address)

    async def set_of_person(
        self, person_id: str, limit: Limit | None, by: Person | None = None, address: str = ""
    ) -> None:
        """None lets everybody's hold again. Raises NotFound."""
        async with self._database.write() as tx:
            account = await people.by_id(tx, person_id)
            if account is None:
                raise NotFound(say("There is no such person. They may have been deleted."))
            await limits.set_of_person(tx, person_id, limit)
            await self._audit.note(tx, Act.LIMITS_CHANGED, by, account.person.name, address)

    async def admit(
        self, person: Person, key_id: str | None = None, *, asks_model: bool = True
    ) -> Admission:
        """Count one request, unless there is no room for it. Whoever only reads needs no tokens."""
        held = await self._held(person, key_id)
        for each in held:
            refusal = self._tokens_refusal(each) if asks_model else None
            if refusal := refusal or self._requests_refusal(each):
                return Admission(self._rooms(held), refusal)
        for each in held:
            if per_minute := each.limit.requests_per_minute:
                self._rates.take(each.who, per_minute)
        rooms, promised = self._rooms(held), self._usage.promised
        promise = promised.make(person.person_key, key_id or "") if asks_model else None
        return Admission(rooms, promise=promise)

    def take_back(self, promise: Promise) -> None:
        """The request was refused after all."""
        self._usage.promised.take_back(promise)

    async def rooms(self, person: Person) -> Rooms:
        """What is left for this person, in all."""
        return self._rooms(await self._held(person, None))

    async def _held(self, person: Person, key_id: str | None) -> list[_Held]:
        async with self._database.read() as reader:
            own = await limits.of_person(reader, person.person_id)
            limit = own or await limits.of_everybody(reader) or self.default
            of_key = await api_keys.limit_of(reader, key_id) if key_id else UNLIMITED
        used, used_by_key = await self._usage.tokens_today(person, key_id or "")
        own_key = person.person_key
        held = [_Held(f"person {own_key}", False, limit, used, own_key)]
        if key_id:
            held.append(_Held(f"key {key_id}", True, of_key, used_by_key, own_key, key_id))
        return held

    def _tokens_refusal(self, held: _Held) -> OverLimit | None:
        most = held.limit.tokens_per_day
        promised = self._usage.promised.tokens(held.person_key, held.key_id)
        if not most or held.tokens_used + promised < most:
            return None
        if held.tokens_used < most:
            return OverLimit(_promised_words(most), "tokens", _SOON_SECONDS)
        seconds = self._usage.seconds_to_midnight()
        return OverLimit(
            _tokens_words(held.is_keys, most, within_words(seconds)), "tokens", seconds
        )

    def _requests_refusal(self, held: _Held) -> OverLimit | None:
        most = held.limit.requests_per_minute
        seconds = self._rates.seconds_to_next(held.who, most) if most else 0
        if seconds <= 0:
            return None
        return OverLimit(
            _requests_words(held.is_keys, most, within_words(seconds)), "requests", seconds
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


def _tokens_words(is_keys: bool, most: int, wait: str) -> str:
    if is_keys:
        return say(
            "This key has used up the %(most)s tokens of today. There are new ones %(wait)s, at "
            "midnight.",
            most=most,
            wait=wait,
        )
    return say(
        "You have used up the %(most)s tokens of today. There are new ones %(wait)s, at midnight.",
        most=most,
        wait=wait,
    )


def _promised_words(most: int) -> str:
    return say(
        "What is being written for you now may take all that is left of today's %(most)s tokens. "
        "Try again when it is done.",
        most=most,
    )


def _requests_words(is_keys: bool, most: int, wait: str) -> str:
    if is_keys:
        return say_counted(
            "This key has asked as often as is allowed, once a minute. Try again %(wait)s.",
            "This key has asked as often as is allowed, %(num)s times a minute. Try again "
            "%(wait)s.",
            most,
            wait=wait,
        )
    return say_counted(
        "You have asked as often as is allowed, once a minute. Try again %(wait)s.",
        "You have asked as often as is allowed, %(num)s times a minute. Try again %(wait)s.",
        most,
        wait=wait,
    )
