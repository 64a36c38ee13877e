"""What somebody wants of a new key, checked. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from appliance.accounts.api_key import ApiKey, Scope, beginning_of
from appliance.accounts.limit import UNLIMITED, Limit
from appliance.conversations.accepting import check_text
from appliance.conversations.conversation import new_id
from appliance.errors import InvalidInput
from appliance.sentences import say

MOST_KEYS = 50
MOST_DAYS = 3650
_MOST_NAME_CHARS = 60
_DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Wish:
    """A key that is to be made; without `days` it ends only when it is revoked."""

    name: str
    scopes: frozenset[Scope]
    days: int | None = None
    limit: Limit = UNLIMITED

    def key(self, secret: str, now: int) -> ApiKey:
        """The key, for that secret."""
        return ApiKey(
            key_id=new_id(),
            name=self.name,
            beginning=beginning_of(secret),
            scopes=self.scopes,
            created_at=now,
            limit=self.limit,
            expires_at=now + self.days * _DAY_SECONDS if self.days else None,
        )


class KeyWish(NamedTuple):
    """What the command line wants of keys: `act` is the name of the command. Without `days` a key
    has no end; a limit of 0 is none of its own.
    """

    act: str
    name: str = ""
    scopes: tuple[str, ...] = ()
    days: int | None = None
    requests_per_minute: int = 0
    tokens_per_day: int = 0


def accepted_wish(
    name: str, scopes: Iterable[str], days: int | None, limit: Limit, *, is_admin: bool
) -> Wish:
    """Raises InvalidInput."""
    wanted = _accepted_scopes(scopes)
    if Scope.METRICS in wanted and not is_admin:
        raise InvalidInput(
            say("Only an administrator's key can read the figures of the whole box.")
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidInput(
            say("A key lasts from 1 to %(most)s days, or until it is revoked.", most=MOST_DAYS)
        )
    return Wish(_accepted_name(name), wanted, days, limit)


def _accepted_name(name: str) -> str:
    check_text(name)
    line = " ".join(name.split())
    if not line or not line.isprintable():
        raise InvalidInput(say("A key needs a name, such as the program that uses it."))
    if len(line) > _MOST_NAME_CHARS:
        raise InvalidInput(
            say(
                "A key's name has at most %(most)s characters; this has %(count)s.",
                most=_MOST_NAME_CHARS,
                count=len(line),
            )
        )
    return line


def _accepted_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    wanted = frozenset(scopes)
    if unknown := wanted - set(Scope):
        known = ", ".join(Scope)
        raise InvalidInput(
            say(
                "`%(scope)s` is nothing a key can do; choose of %(known)s.",
                scope=sorted(unknown)[0],
                known=known,
            )
        )
    if not wanted:
        raise InvalidInput(say("Choose at least one thing that the key may do."))
    return frozenset(map(Scope, wanted))
