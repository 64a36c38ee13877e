"""Token counts by the other machine's own tokenizer, asked for ahead and remembered.

Only hashes of texts are kept here, never the texts.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import blake2b
from time import monotonic

import msgspec

from appliance.errors import RemoteFailed
from appliance.remote.connection import Connection
from appliance.remote.server import RemoteModel
from appliance.remote.wire import TokenizeAnswer, tokenize_body

COUNT_SECONDS = 3.0
_ASK_AGAIN_SECONDS = 60.0
_AT_ONCE = 8
_REMEMBERED = 8192


class TokenCounts:
    """What is known of one server's counts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._counts: OrderedDict[tuple[str, bytes], int] = OrderedDict()
        self._unable_until = 0.0

    def known(self, model: RemoteModel, text: str) -> int | None:
        """The server's count of this text, if it was asked for before."""
        if not text:
            return 0
        key = _key(model, text)
        if key in self._counts:
            self._counts.move_to_end(key)
        return self._counts.get(key)

    async def ask(self, model: RemoteModel, texts: Iterable[str]) -> None:
        """Have all of them counted; what is not after three seconds stays unknown."""
        missing = {text for text in texts if self.known(model, text) is None}
        if not missing or monotonic() < self._unable_until:
            return
        turn = asyncio.Semaphore(_AT_ONCE)
        asking = [asyncio.create_task(self._ask_one(model, text, turn)) for text in missing]
        try:
            await asyncio.wait(asking, timeout=COUNT_SECONDS)
        finally:
            for task in asking:
                task.cancel()
            await asyncio.wait(asking)

    async def _ask_one(self, model: RemoteModel, text: str, turn: asyncio.Semaphore) -> None:
        async with turn:
            if monotonic() < self._unable_until:
                return
            body = tokenize_body(model.model_id, model.dialect, text)
            try:
                answer = await self._connection.post_beside("tokenize", body)
                count = _count(msgspec.json.decode(answer, type=TokenizeAnswer), text)
            except (RemoteFailed, msgspec.DecodeError, UnicodeDecodeError, ValueError):
                # It has no such thing, or it is not what we think it is: estimates do for now.
                self._unable_until = monotonic() + _ASK_AGAIN_SECONDS
                return
        self._counts[_key(model, text)] = count
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)


def _count(answer: TokenizeAnswer, text: str) -> int:
    count = len(answer.tokens) if answer.count is None else answer.count
    if not 0 < count <= 2 * len(text.encode("utf-8", "surrogatepass")) + 8:
        raise ValueError("no tokenizer counts like that")
    return count


def _key(model: RemoteModel, text: str) -> tuple[str, bytes]:
    return model.model_id, blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
