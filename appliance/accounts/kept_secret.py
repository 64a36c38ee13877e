"""Secrets that the box has to read again: in the database they are ciphertext.

The key is made of the box's own secret, which lies beside the database and in no copy of it: who
gets a backup alone can make nobody's codes. AES-256-GCM, bound to the account whose secret it is.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SecretKeeper:
    """`key` has 32 bytes."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def hide(self, account_key: int, secret: str) -> bytes:
        """What may be stored."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), _bound(account_key))

    def show(self, account_key: int, hidden: bytes) -> str | None:
        """The secret; None when it was hidden with another key, or is damaged."""
        nonce, sealed = hidden[:_NONCE_BYTES], hidden[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, _bound(account_key)).decode()
        except (InvalidTag, ValueError):
            return None


def _bound(account_key: int) -> bytes:
    return f"second factor of {account_key}".encode()
