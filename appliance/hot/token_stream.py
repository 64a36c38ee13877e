"""The reply of a turn, piece by piece, outside this process.

Readers of a running turn are served from memory; this is for the start after a crash, when the turn
goes on from what the page showed and not only from the last checkpoint. That works where Valkey
outlives this process. The private one does not: it dies with its parent, and the checkpoint stands.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from valkey.asyncio import Valkey

from appliance.errors import HotError
from appliance.hot import keys
from appliance.hot.connection import Hot

Delta = tuple[int, str]
"""Where the text begins, in characters of the reply; the text."""


class TokenStream:
    """Never raises: when Valkey is away, pieces are dropped and a read finds nothing."""

    def __init__(self, hot: Hot) -> None:
        self._hot = hot
        self._waiting: dict[str, list[Delta]] = {}
        self._writing: asyncio.Task[None] | None = None

    def append_soon(self, turn_id: str, offset: int, text: str) -> None:
        """Adds a delta without waiting. What all turns bring meanwhile goes in one round trip."""
        self._waiting.setdefault(turn_id, []).append((offset, text))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting(), name="token stream")

    async def append(self, turn_id: str, deltas: Sequence[Delta]) -> None:
        """Adds deltas, after those that wait already."""
        for offset, text in deltas:
            self.append_soon(turn_id, offset, text)
        await self.flush()

    async def flush(self) -> None:
        """Returns when nothing waits to be written."""
        while self._writing is not None and not self._writing.done():
            await asyncio.shield(self._writing)

    async def read(self, turn_id: str) -> str:
        """The text from its beginning, as far as it is known without a gap."""

        async def find(client: Valkey) -> list[tuple[bytes, dict[bytes, bytes]]]:
            return list(await client.xrange(keys.token_stream(turn_id)))

        try:
            entries = await self._hot.call(find)
            return _joined((int(fields[b"o"]), fields[b"t"].decode()) for _, fields in entries)
        except (HotError, KeyError, ValueError):  # Away, or not a stream of ours.
            return ""

    async def close(self, turn_id: str) -> None:
        """The turn has ended: what is there goes soon by itself."""
        await self.flush()

        async def shorten(client: Valkey) -> None:
            await client.expire(keys.token_stream(turn_id), keys.CLOSED_STREAM_SECONDS)

        with suppress(HotError):
            await self._hot.call(shorten)

    async def forget(self, *turn_ids: str) -> int:
        """Deletes the streams, and says how many of them there were."""
        for turn_id in turn_ids:
            self._waiting.pop(turn_id, None)
        await self.flush()
        streams = [keys.token_stream(turn_id) for turn_id in turn_ids]
        if not streams:
            return 0

        async def delete(client: Valkey) -> int:
            return int(await client.delete(*streams))

        try:
            return await self._hot.call(delete)
        except HotError:
            return 0

    async def _write_waiting(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            with suppress(HotError):
                await self._write(waiting)

    async def _write(self, waiting: Mapping[str, list[Delta]]) -> None:
        async def add(client: Valkey) -> None:
            async with client.pipeline(transaction=False) as pipe:
                for turn_id, deltas in waiting.items():
                    key = keys.token_stream(turn_id)
                    for offset, text in _merged(deltas):
                        pipe.xadd(key, _fields(offset, text), maxlen=keys.STREAM_PIECES)
                    pipe.expire(key, keys.OPEN_STREAM_SECONDS)
                await pipe.execute()

        await self._hot.call(add)


def _fields(offset: int, text: str) -> dict[bytes, bytes]:
    return {b"o": str(offset).encode(), b"t": text.encode()}


def _merged(deltas: Iterable[Delta]) -> list[Delta]:
    """The same text in fewer pieces: neighbours become one."""
    merged: list[Delta] = []
    for offset, text in deltas:
        if merged and merged[-1][0] + len(merged[-1][1]) == offset:
            merged[-1] = (merged[-1][0], merged[-1][1] + text)
        else:
            merged.append((offset, text))
    return merged


def _joined(deltas: Iterable[Delta]) -> str:
    """A later piece replaces what stood from its offset on: the turn went on from earlier text."""
    text = ""
    for offset, piece in deltas:
        if offset > len(text):
            break
        text = text[:offset] + piece
    return text
