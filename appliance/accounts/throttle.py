"""How long somebody has to wait who got a password wrong: longer each time.

Three things are counted: the account, for everybody whom it does not know; the address they come
from; and a browser in which the account was signed in before, which is counted by itself and not
by the other two. So whoever guesses waits ever longer, and the owner at their own browser does not
wait because of them. A link that an admin or the command line makes is not held up at all.

A try counts as failed before the password is looked at, so that a hundred at once are not a hundred
free ones. Counts stand in the database, at most so many: they hold over a restart and fill nothing.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from time import time

from appliance.accounts.account import Visitor
from appliance.accounts.random_keys import key_hash
from appliance.errors import TooManyTries
from appliance.sentences import say_counted
from appliance.store import failed_tries, known_devices
from appliance.store.database import Database
from appliance.store.failed_tries import Failures

FORGOTTEN_SECONDS = 24 * 3600
MOST_SUBJECTS = 10_000
DEVICES_KEPT = 50


@dataclass(frozen=True, slots=True)
class Patience:
    """So many are free; then the wait doubles from a second to the longest."""

    free: int
    longest_seconds: int

    def wait_seconds(self, failures: int) -> int:
        """After so many failures."""
        beyond = failures - self.free
        return 0 if beyond < 0 else min(2 ** min(beyond, 30), self.longest_seconds)


ACCOUNT = Patience(free=5, longest_seconds=300)
ADDRESS = Patience(free=20, longest_seconds=900)
DEVICE = Patience(free=10, longest_seconds=60)


@dataclass(frozen=True, slots=True)
class Try:
    """One try that was let through, counted for an account or a device, and for an address."""

    subject: bytes
    address: bytes | None


class Throttle:
    """`secret` keeps names and addresses out of the table."""

    def __init__(self, database: Database, secret: bytes, clock: Callable[[], float] = time):
        self._database = database
        self._secret = secret
        self._clock = clock

    async def begin(
        self, name_key: str, account_key: int | None, visitor: Visitor, step: str = "account"
    ) -> Try:
        """Let somebody try, and count it. Raises TooManyTries with how long to wait.

        What is tried at another `step` of the sign-in is counted by itself for the account.
        """
        now = int(self._clock())
        device_hash = key_hash(visitor.device_key) if visitor.device_key else b""
        async with self._database.write() as tx:
            is_known = (
                account_key is not None
                and bool(device_hash)
                and await known_devices.is_known(tx, account_key, device_hash)
            )
            counted = self._counted(
                name_key, visitor.address, device_hash if is_known else b"", step
            )
            known = await failed_tries.of(tx, tuple(counted))
            waits = [
                _still_to_wait(patience, known.get(subject), now)
                for subject, patience in counted.items()
            ]
            if not any(waits):
                for subject in counted:
                    failures = _lately(known.get(subject), now) + 1
                    await failed_tries.count(tx, subject, failures, now)
                await failed_tries.delete_surplus(tx, MOST_SUBJECTS)
        if any(waits):
            raise TooManyTries(wait_words(max(waits)), max(waits))
        subject, *address = counted
        return Try(subject, address[0] if address else None)

    async def right(self, tried: Try) -> None:
        """It was the right one. Of the address only this try is forgotten: whoever has an account
        of their own there is not free to guess others.
        """
        async with self._database.write() as tx:
            await failed_tries.forget(tx, tried.subject)
            if tried.address is not None:
                await failed_tries.take_back(tx, tried.address)

    async def know(self, account_key: int, device_key: str) -> None:
        """Somebody is in: their browser is known from now on."""
        now = int(self._clock())
        async with self._database.write() as tx:
            await known_devices.remember(tx, account_key, key_hash(device_key), now, DEVICES_KEPT)

    def _counted(
        self, name_key: str, address: str, device_hash: bytes, step: str
    ) -> dict[bytes, Patience]:
        if device_hash:
            place = "device" if step == "account" else f"device, {step}"
            return {self._subject(place, name_key, device_hash.hex()): DEVICE}
        return {
            self._subject(step, name_key): ACCOUNT,
            self._subject("address", neighbourhood(address)): ADDRESS,
        }

    def _subject(self, *words: str) -> bytes:
        text = "\0".join(words).encode(errors="replace")
        return hashlib.blake2b(text, key=self._secret, digest_size=16).digest()


def wait_words(seconds: int) -> str:
    """What to tell whoever has to wait."""
    if seconds < 60:
        return say_counted(
            "Too many tries went wrong. Wait %(num)s second, then try again.",
            "Too many tries went wrong. Wait %(num)s seconds, then try again.",
            seconds,
        )
    return say_counted(
        "Too many tries went wrong. Wait %(num)s minute, then try again.",
        "Too many tries went wrong. Wait %(num)s minutes, then try again.",
        -(-seconds // 60),
    )


def _lately(failures: Failures | None, now: int) -> int:
    if failures is None or now - failures.last_at > FORGOTTEN_SECONDS:
        return 0
    return failures.number


def _still_to_wait(patience: Patience, failures: Failures | None, now: int) -> int:
    # A clock that was set back keeps nobody out.
    if failures is None or failures.last_at > now:
        return 0
    wait = patience.wait_seconds(_lately(failures, now))
    return max(0, failures.last_at + wait - now)


def neighbourhood(address: str) -> str:
    """An address, or of IPv6 the network that one household has."""
    try:
        known = ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return f"{int(known) >> 64:x}/64"
    return str(known)
