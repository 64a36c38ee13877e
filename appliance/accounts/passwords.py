"""Passwords: which are taken, and how they are kept and compared.

argon2id, in a thread, one at a time: each needs its memory and a core, and the model needs both
more. Comparing costs the same whether there is such an account or not.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance.errors import InvalidInput, TooManyTries

SHORTEST, LONGEST = 10, 1000
WAITING = 16
"""So many may wait for their turn; whoever comes then is asked to come again."""

TOO_SHORT = f"The password is too short: take at least {SHORTEST} characters, such as four words."
TOO_LONG = f"The password is too long: take at most {LONGEST} characters."
COMMON = "That password is one of those that are tried first. Take another one, such as four words."
TOO_LIKE_NAME = "The password is the name. Take another one, such as four words."
CROWDED = "Many people sign in at once. Try again in a few seconds."

Made = TypeVar("Made")


class Passwords:
    """`hasher` has the cost; `common` are the passwords that everybody tries first."""

    def __init__(
        self,
        hasher: PasswordHasher | None = None,
        common: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=65536, parallelism=1)
        self._common = common or common_passwords
        self.of_nobody = _hash_of_nobody(self._hasher)
        """The hash of an account whose person has yet to choose a password."""
        self._thread = ThreadPoolExecutor(1, "passwords")
        self._waiting = 0

    async def hash(self, password: str, name: str = "") -> str:
        """What is kept of a new password. Raises InvalidInput with what is wrong with it."""
        self._check(password, name)
        return await self._in_turn(lambda: self._hash_uncommon(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is that one; None stands for an account that does not exist."""
        kept = password_hash or self.of_nobody
        is_right = await self._in_turn(lambda: self._is_right(kept, password[: LONGEST + 1]))
        return is_right and password_hash is not None

    async def renewed(self, password_hash: str, password: str) -> str | None:
        """Another hash of the same password, if the cost is another one since it was made."""
        if not self._hasher.check_needs_rehash(password_hash):
            return None
        return await self._in_turn(lambda: self._hasher.hash(password))

    def _check(self, password: str, name: str) -> None:
        if len(password) < SHORTEST:
            raise InvalidInput(TOO_SHORT)
        if len(password) > LONGEST:
            raise InvalidInput(TOO_LONG)
        if password.casefold() == name.casefold():
            raise InvalidInput(TOO_LIKE_NAME)

    def _hash_uncommon(self, password: str) -> str:
        if password.casefold() in self._common():
            raise InvalidInput(COMMON)
        return self._hasher.hash(password)

    def _is_right(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False

    async def _in_turn(self, make: Callable[[], Made]) -> Made:
        if self._waiting >= WAITING:
            raise TooManyTries(CROWDED, 5)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, make)
        finally:
            self._waiting -= 1


@cache
def common_passwords() -> frozenset[str]:
    """Those long enough to be taken otherwise, in small letters."""
    # Late: the lists are large, and only a new password needs them.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    return frozenset(
        word.casefold() for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST
    )


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """A hash at the same cost that no password has."""
    salt, empty = (
        b64encode(bytes(length)).decode().rstrip("=")
        for length in (hasher.salt_len, hasher.hash_len)
    )
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${empty}"
