"""The noun of passkeys, as a plain value."""

from dataclasses import dataclass


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
