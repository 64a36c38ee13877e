"""The keys of the sealed accounts that are open: in the memory of this process, nowhere else.

What is sealed is a text for the database: a mark of the format, then base64 of a random nonce of 96
bits and of what AES-256-GCM makes of the words. The seal and the cell in which they stand are
authenticated with them, so that nothing opens anywhere but where it was sealed.

Called on the threads of the database's connections and on the event loop. The lock is there so that
no key is wiped while somebody computes with it.
"""

import os
import threading
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable
from time import monotonic

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.accounts.locked_memory import LockedBytes
from appliance.errors import AccountClosed, StoreError
from appliance.sentences import say

KEY_BYTES = 32
NONCE_BYTES = 12
MARK = "s1:"

_BROKEN = say(
    "Something that is kept of this account is not as it was sealed: it was damaged or changed on "
    "the disk. It is not shown. Put a backup in its place, or delete it."
)


class Keyring:
    """Each key under the id of its seal. `before_each` is called before one comes."""

    def __init__(self, before_each: Callable[[], None] = lambda: None) -> None:
        self._before_each = before_each
        self._lock = threading.Lock()
        self._keys: dict[str, LockedBytes] = {}
        self._used_at: dict[str, float] = {}

    def open(self, seal_id: str, key: bytes | bytearray) -> None:
        """From now on what is under that seal can be read and written."""
        assert len(key) == KEY_BYTES
        self._before_each()
        with self._lock:
            if seal_id not in self._keys:
                self._keys[seal_id] = LockedBytes(key)
            self._used_at[seal_id] = monotonic()

    def close(self, seal_id: str) -> None:
        """Wipe the key; harmless when it is not here."""
        with self._lock:
            self._used_at.pop(seal_id, None)
            if (key := self._keys.pop(seal_id, None)) is not None:
                key.wipe()

    def close_all(self) -> None:
        """Wipe every key."""
        for seal_id in list(self._keys):
            self.close(seal_id)

    def is_open(self, seal_id: str) -> bool:
        return seal_id in self._keys

    def unused_seconds(self, seal_id: str) -> float:
        """How long ago the key was last used; 0 when it is not here."""
        used_at = self._used_at.get(seal_id)
        return 0.0 if used_at is None else monotonic() - used_at

    def seal(self, seal_id: str, place: str, text: str) -> str:
        """The words as they may be stored in that place. Raises AccountClosed."""
        nonce = os.urandom(NONCE_BYTES)
        with self._lock:
            sealed = self._cipher(seal_id).encrypt(nonce, text.encode(), _bound(seal_id, place))
        return MARK + b64encode(nonce + sealed).decode()

    def unseal(self, seal_id: str, place: str, value: str) -> str:
        """The words that were sealed there.

        Raises AccountClosed, and StoreError for anything else than what was sealed in that place.
        """
        with self._lock:
            cipher = self._cipher(seal_id)
            try:
                if not value.startswith(MARK):
                    raise ValueError
                sealed = b64decode(value[len(MARK) :], validate=True)
                words = cipher.decrypt(
                    sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(seal_id, place)
                )
                return words.decode()
            except (InvalidTag, NotBase64, ValueError) as error:
                raise StoreError(_BROKEN) from error

    def _cipher(self, seal_id: str) -> AESGCM:
        # Made for each use: the copy of the key that it has is wiped with it, after the call.
        if (key := self._keys.get(seal_id)) is None:
            raise AccountClosed
        self._used_at[seal_id] = monotonic()
        return AESGCM(key.view)


def _bound(seal_id: str, place: str) -> bytes:
    return f"{seal_id} {place}".encode()
