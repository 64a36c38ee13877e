"""What a key for programs is, and how one is written."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

from appliance.accounts.limit import UNLIMITED, Limit

PREFIX = "appliance_"
"""By it a key is known for what it is, wherever it turns up."""

_SECRET_BYTES = 32
_SHOWN_CHARS = 4
_KEY = re.compile(rf"{PREFIX}[0-9a-f]{{{2 * _SECRET_BYTES}}}")


class Scope(StrEnum):
    """What a key may do; nothing else, whoever it belongs to."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    READ = "read"
    METRICS = "metrics"
    """The figures of the whole box: only an administrator's key can have it."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret, which nobody but its owner has. Times are Unix seconds."""

    key_id: str
    name: str
    beginning: str
    scopes: frozenset[Scope]
    created_at: int
    limit: Limit = UNLIMITED
    expires_at: int | None = None
    last_used_at: int | None = None

    def has_expired(self, now: float) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key with its secret: the one time that it is seen."""

    key: ApiKey
    secret: str


def new_secret() -> str:
    return PREFIX + secrets.token_hex(_SECRET_BYTES)


def beginning_of(secret: str) -> str:
    """As much of it as tells keys apart in a list, and no more than 16 of its 256 bits."""
    return secret[: len(PREFIX) + _SHOWN_CHARS]


def digest_of(secret: str) -> bytes | None:
    """What is stored of a key; None for what cannot be one.

    SHA-256 without salt is enough here. A slow hash makes guessing dear where people choose; nobody
    guesses one of 2^256 random keys. The row is found by the digest in an index: how long that
    takes depends on digests alone, which nobody can choose.
    """
    return hashlib.sha256(secret.encode()).digest() if _KEY.fullmatch(secret) else None
