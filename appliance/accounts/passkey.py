"""The noun of passkeys, as a plain value."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key that stays in somebody's device. It works where the box is called `host`.

    `sign_count` is how often the device says that it was used; 0 for those that do not count.
    """

    passkey_id: str
    account_key: int
    credential_id: bytes
    public_key: bytes
    sign_count: int
    host: str
    name: str
    created_at: int
    last_used_at: int | None = None


class Site(NamedTuple):
    """Where the page is open: a host by its name, and the origin that browsers call it by."""

    host: str
    origin: str


class NewKey(NamedTuple):
    """What is kept of a new passkey."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


class Shown(NamedTuple):
    """Which passkey an answer says it is of, and whose; and the question that it answers."""

    credential_id: bytes
    account_handle: bytes | None
    challenge: str
