"""Requests that are being answered, so that those of whoever may not read on can be ended at once.

A stream may be open for hours. When its browser is signed out, its account disabled or its key
revoked, the one who waits for that here is woken, and ends it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.accounts.account import SignedIn


class OpenRequests:
    """Lives in the event loop, like all requests."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Event, SignedIn] = {}

    @contextmanager
    def watch(self, signed_in: SignedIn) -> Iterator[asyncio.Event]:
        """While the block runs: an event that says that it is to end."""
        over = asyncio.Event()
        self._open[over] = signed_in
        try:
            yield over
        finally:
            del self._open[over]

    def end(self, is_over: Callable[[SignedIn], bool]) -> int:
        """End those of whom that is true; how many."""
        ending = [over for over, signed_in in self._open.items() if is_over(signed_in)]
        for over in ending:
            over.set()
        return len(ending)

    def __len__(self) -> int:
        return len(self._open)
