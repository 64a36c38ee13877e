"""Keys that let somebody in: sign-ins, links, devices.

256 random bits need no salt and no slow hash: nobody can try them all. What is stored is their
SHA-256, so that whoever reads the database or a copy of it holds no key. They are found by that
hash, so that the time a look takes says nothing about a key either.
"""

import hashlib
import secrets

_BYTES = 32
_LONGEST = 128


def new_key() -> str:
    """A new one, for a cookie or an address."""
    return secrets.token_urlsafe(_BYTES)


def key_hash(key: str) -> bytes:
    """What is stored of it. Anything may be asked for; what can be no key matches none."""
    return hashlib.sha256(key[:_LONGEST].encode(errors="replace")).digest()
