"""Keys for programs: made, listed, revoked, and recognised.

A key is looked up where it is kept for every request, so that one that was revoked is none from
that moment on. Streams that it has opened end then, too.
"""

from collections.abc import Callable
from time import time

import structlog
from aiosqlite import Connection

from appliance.accounts.account import Account, SignedIn
from appliance.accounts.api_key import ApiKey, MadeKey, Scope, digest_of, new_secret
from appliance.accounts.audit import Act, AuditLog
from appliance.accounts.new_key import MOST_KEYS, Wish
from appliance.accounts.open_requests import OpenRequests
from appliance.conversations.conversation import Person
from appliance.errors import Conflict, InvalidInput, NotFound, StoreError
from appliance.sentences import say
from appliance.store import api_keys, people
from appliance.store.database import Database

_NOTED_EVERY_SECONDS = 60

log = structlog.get_logger(__name__)


class ApiKeys:
    """Everybody's keys; one object a process."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        open_requests: OpenRequests,
        now: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._audit = audit
        self._open_requests = open_requests
        self._now = now

    async def make(self, person: Person, wish: Wish, address: str = "") -> MadeKey:
        """A new key; its secret is in the answer alone. Raises InvalidInput, Conflict."""
        secret = new_secret()
        digest = digest_of(secret)
        assert digest is not None, "a new key is one"
        key = wish.key(secret, int(self._now()))
        async with self._database.write() as tx:
            await _check_room(tx, person, wish.name)
            await api_keys.insert(tx, person.person_key, key, digest)
            await self._audit.note(tx, Act.KEY_MADE, person, key.beginning, address)
        return MadeKey(key, secret)

    async def of_person(self, person: Person) -> tuple[ApiKey, ...]:
        """Newest first, those that have expired included."""
        async with self._database.read() as reader:
            return await api_keys.of_person(reader, person.person_key)

    async def revoke(self, person: Person, key_id: str, address: str = "") -> ApiKey:
        """No request of this key is answered any more, and its streams end. Raises NotFound."""
        async with self._database.write() as tx:
            own = await api_keys.of_person(tx, person.person_key)
            key = next((each for each in own if each.key_id == key_id), None)
            if key is None:
                raise NotFound(say("There is no such key. It may have been revoked already."))
            await api_keys.delete(tx, person.person_key, key_id)
            await self._audit.note(tx, Act.KEY_REVOKED, person, key.beginning, address)
        self._open_requests.end(lambda signed_in: signed_in.key_id == key_id)
        return key

    async def who(self, secret: str) -> SignedIn | None:
        """Whose key that is; None for one that is unknown, expired, or of a disabled account."""
        digest = digest_of(secret)
        if digest is None:
            return None
        async with self._database.read() as reader:
            found = await api_keys.find(reader, digest)
            account = await people.by_id(reader, found[0]) if found else None
        if found is None or account is None or account.is_disabled:
            return None
        key = found[1]
        if key.has_expired(self._now()):
            return None
        await self._note_use(key)
        return SignedIn(account, None, key.key_id, _scopes(account, key))

    async def _note_use(self, key: ApiKey) -> None:
        now = int(self._now())
        # A time that lies ahead was noted by a clock that was wrong.
        if key.last_used_at is not None and 0 <= now - key.last_used_at < _NOTED_EVERY_SECONDS:
            return
        try:
            async with self._database.write() as tx:
                await api_keys.note_use(tx, key.key_id, now)
        except StoreError as error:  # on a full disk it can read what there is all the same
            log.warning("the use of a key was not noted", error=str(error))


def _scopes(account: Account, key: ApiKey) -> frozenset[str]:
    """An administrator who is none any more has no key to the box's figures either."""
    return frozenset(key.scopes if account.is_admin else key.scopes - {Scope.METRICS})


async def _check_room(tx: Connection, person: Person, name: str) -> None:
    own = await api_keys.of_person(tx, person.person_key)
    if len(own) >= MOST_KEYS:
        raise InvalidInput(
            say("There are %(count)s keys already. Revoke one that is not used.", count=MOST_KEYS)
        )
    if any(key.name == name for key in own):
        raise Conflict(
            say(
                "There is a key called %(name)s already. Revoke it, or choose another name.",
                name=name,
            )
        )
