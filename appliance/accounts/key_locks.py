"""An account's key under lock: with the password, and with the recovery code.

A lock is a text for the database. It opens with its secret, for its seal, as the kind of lock that
it is; with anything else it does not open, and does not say why.
"""

import os
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

import msgspec
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.accounts.keyring import KEY_BYTES, NONCE_BYTES

_SALT_BYTES = 16


class LockKind(StrEnum):
    """Which secret opens it; also the column in which it stands."""

    PASSWORD = "by_password"
    CODE = "by_code"


@dataclass(frozen=True, slots=True)
class Cost:
    """What argon2id takes to make a key of a password. RFC 9106's second choice."""

    passes: int = 3
    memory_kib: int = 64 * 1024
    lanes: int = 4


class _Lock(msgspec.Struct, frozen=True):
    """As it is stored; bytes are base64 there. The cost is kept, so that it may rise later."""

    salt: bytes
    nonce: bytes
    key: bytes
    cost: tuple[int, int, int]


def lock(key: bytes, secret: str, kind: LockKind, seal_id: str, cost: Cost) -> str:
    """The key, locked. Takes as long as argon2id does for a password: not for the event loop."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(NONCE_BYTES)
    locked = AESGCM(_lock_key(secret, kind, salt, cost)).encrypt(nonce, key, _bound(kind, seal_id))
    own_cost = (cost.passes, cost.memory_kib, cost.lanes)
    return msgspec.json.encode(_Lock(salt, nonce, locked, own_cost)).decode()


def unlock(locked: str, secret: str, kind: LockKind, seal_id: str) -> bytes | None:
    """The key; None when that is not the secret, or the lock was changed. As slow as `lock`."""
    try:
        held = msgspec.json.decode(locked, type=_Lock)
        lock_key = _lock_key(secret, kind, held.salt, Cost(*held.cost))
        key = AESGCM(lock_key).decrypt(held.nonce, held.key, _bound(kind, seal_id))
    except (msgspec.DecodeError, InvalidTag, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _lock_key(secret: str, kind: LockKind, salt: bytes, cost: Cost) -> bytes:
    if kind is LockKind.CODE:  # 140 bits of chance: nothing is gained by making it slow
        return blake2b(secret.encode(), key=salt, digest_size=KEY_BYTES).digest()
    return hash_secret_raw(
        unicodedata.normalize("NFKC", secret).encode(),
        salt,
        cost.passes,
        cost.memory_kib,
        cost.lanes,
        KEY_BYTES,
        Type.ID,
    )


def _bound(kind: LockKind, seal_id: str) -> bytes:
    return f"{kind} {seal_id}".encode()
