"""The way to Valkey. Its absence costs nobody time: a call answers, or fails at once with HotError.

One failure opens the breaker; until a try succeeds again, calls fail without touching the network.
Only error classes are logged: the text of a Valkey error repeats the command, and so a person's
words.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from valkey import exceptions as valkey_errors
from valkey.asyncio import BlockingConnectionPool, Valkey

from appliance.errors import HotError, SettingsError
from appliance.hot.breaker import Breaker

TIMEOUT_SECONDS = 0.25
PAUSE_SECONDS = 1.0
CONNECTIONS = 16

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class Hot:
    """One client for Valkey at `url` (unix:///path or redis://...); None means there is none."""

    def __init__(
        self,
        url: str | None,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._breaker = Breaker(pause_seconds, clock)
        self._client = _client(url, timeout_seconds) if url else None

    @property
    def is_used(self) -> bool:
        """Whether there is one to be asked at all."""
        return self._client is not None

    @property
    def is_away(self) -> bool:
        """Whether calls fail at the moment, as far as the last one showed."""
        return self._client is None or self._breaker.is_open

    async def call(self, ask: Callable[[Valkey], Awaitable[Answer]]) -> Answer:
        """What `ask` got from the client; HotError after at most `timeout_seconds`.

        Being cancelled may take as long: on Python 3.11 the client can swallow one cancellation.
        """
        if self._client is None or not self._breaker.admits():
            raise HotError("Valkey is away; go on without it.")
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await ask(self._client)
        except (valkey_errors.ConnectionError, valkey_errors.TimeoutError, OSError) as error:
            if self._breaker.failed():
                log.warning("hot.away", error=type(error).__name__)
            raise HotError("Valkey does not answer; go on without it.") from None
        except (valkey_errors.ValkeyError, UnicodeEncodeError) as error:
            log.warning("hot.refused", error=type(error).__name__)
            raise HotError("Valkey refused the command; go on without it.") from None
        if self._breaker.succeeded():
            log.info("hot.back")
        return answer

    async def close(self) -> None:
        """Closes the connections; later calls fail like any other."""
        client, self._client = self._client, None
        if client is not None:
            try:
                await client.aclose()
            except (valkey_errors.ValkeyError, OSError) as error:
                log.info("hot.closed_badly", error=type(error).__name__)


def _client(url: str, timeout_seconds: float) -> Valkey:
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            # Not said on connecting: one round trip less, and nothing a server needs to know.
            lib_name=None,
            lib_version=None,
        )
    except ValueError as error:
        raise SettingsError(
            "hot.url is not an address of Valkey; write unix:///path or redis://host:port."
        ) from error
    return Valkey.from_pool(pool)
