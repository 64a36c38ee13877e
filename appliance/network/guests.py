"""Who is connected, counted by address: one device alone cannot take all the room."""

from collections import Counter
from collections.abc import Callable, Sequence

from appliance.network.addresses import LOOPBACK, Address, Network, is_among, may_connect, parsed

SURPLUS = 2
"""So many times the limit are taken in, to be told so; whoever comes then is not."""


class Guest:
    """One connection while it lasts."""

    def __init__(self, guests: "Guests", address: Address | None, is_one_too_many: bool) -> None:
        self.is_one_too_many = is_one_too_many
        self._guests = guests
        self._address = address
        self._is_here = True

    def leave(self) -> None:
        """It may be said more than once."""
        if self._is_here:
            self._is_here = False
            self._guests.forget(self._address)


class Guests:
    """Lets connections in and counts them. Loopback and proxies speak for many: they are not
    counted. Until the box `is_open` only this machine itself comes in.
    """

    def __init__(
        self,
        limit: int,
        public: Sequence[Network] = (),
        proxies: Sequence[Network] = (),
        is_open: Callable[[], bool] = lambda: True,
    ) -> None:
        self._limit = limit
        self._beyond = (*public, *proxies)
        self._uncounted = (*LOOPBACK, *proxies)
        self._is_open = is_open
        self._here: Counter[Address] = Counter()

    def enter(self, peer: str, local: str) -> Guest | None:
        """None when it may not come in at all."""
        address = parsed(peer)
        if address is None or not may_connect(peer, local, self._beyond):
            return None
        if not self._is_open() and not is_among(address, LOOPBACK):
            return None
        if is_among(address, self._uncounted):
            return Guest(self, None, is_one_too_many=False)
        if self._here[address] >= self._limit * SURPLUS:
            return None
        self._here[address] += 1
        return Guest(self, address, self._here[address] > self._limit)

    def forget(self, address: Address | None) -> None:
        """One connection less."""
        if address is None:
            return
        self._here[address] -= 1
        if not self._here[address]:
            del self._here[address]  # addresses that are gone take no room
