"""The newest messages of a conversation, ready for prompting.

A Valkey list of messages, oldest first. It answers only for the branch that ends in the leaf asked
for, and only if each message hangs under the one before: a window that is old, cut or of another
branch is a miss, never a wrong prompt.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import cast

import msgspec
from valkey.asyncio import Valkey

from appliance.conversations.conversation import Message
from appliance.errors import HotError
from appliance.hot import keys
from appliance.hot.connection import Hot

_decoder = msgspec.msgpack.Decoder(Message)
_encode = msgspec.msgpack.encode


class RecentWindow:
    """Never raises: when Valkey is away, every read is a miss and every write is dropped."""

    def __init__(self, hot: Hot) -> None:
        self._hot = hot

    async def get(self, conversation_id: str, leaf_id: str) -> tuple[Message, ...] | None:
        """At most the newest 100 messages up to `leaf_id`, oldest first; None is a miss."""

        async def read(client: Valkey) -> list[bytes]:
            return await cast(
                Awaitable[list[bytes]], client.lrange(keys.window(conversation_id), 0, -1)
            )

        try:
            messages = tuple(_decoder.decode(message) for message in await self._hot.call(read))
        except (HotError, msgspec.MsgspecError):
            return None
        return messages if _is_branch(messages, conversation_id, leaf_id) else None

    async def put(self, conversation_id: str, leaf_id: str, messages: Sequence[Message]) -> None:
        """Replaces the window; of more than 100 messages the newest stay."""
        if not _is_branch(messages, conversation_id, leaf_id):
            await self.forget(conversation_id)
            return
        key = keys.window(conversation_id)

        async def replace(client: Valkey) -> None:
            async with client.pipeline(transaction=True) as pipe:
                pipe.delete(key)
                pipe.rpush(key, *_packed(messages))
                pipe.expire(key, keys.WINDOW_SECONDS)
                await pipe.execute()

        await self._try(replace)

    async def push(
        self, conversation_id: str, expected_leaf_id: str | None, *messages: Message
    ) -> None:
        """Adds to the end of a window that ends in `expected_leaf_id` (None: there is none yet)."""
        if not messages or messages[0].parent_id != expected_leaf_id:
            return
        key = keys.window(conversation_id)

        async def add(client: Valkey) -> None:
            async with client.pipeline(transaction=True) as pipe:
                await pipe.watch(key)
                newest = await cast(Awaitable[bytes | None], pipe.lindex(key, -1))
                if _leaf_id(newest) != expected_leaf_id:
                    return
                pipe.multi()  # type: ignore[no-untyped-call]
                pipe.rpush(key, *_packed(messages))
                pipe.ltrim(key, -keys.WINDOW_MESSAGES, -1)
                pipe.expire(key, keys.WINDOW_SECONDS)
                await pipe.execute()

        await self._try(add)

    async def forget(self, conversation_id: str) -> int:
        """Deletes the window, and says how many there were; one that Valkey keeps while it is away
        ends with its TTL.
        """

        async def delete(client: Valkey) -> int:
            return int(await client.delete(keys.window(conversation_id)))

        try:
            return await self._hot.call(delete)
        except HotError:
            return 0

    async def _try(self, ask: Callable[[Valkey], Awaitable[None]]) -> None:
        with suppress(HotError, msgspec.MsgspecError):
            await self._hot.call(ask)


def _packed(messages: Sequence[Message]) -> list[bytes]:
    return [_encode(message) for message in messages[-keys.WINDOW_MESSAGES :]]


def _leaf_id(packed: bytes | None) -> str | None:
    return None if packed is None else _decoder.decode(packed).message_id


def _is_branch(messages: Sequence[Message], conversation_id: str, leaf_id: str) -> bool:
    if not messages or messages[-1].message_id != leaf_id:
        return False
    if any(message.conversation_id != conversation_id for message in messages):
        return False
    return all(child.parent_id == parent.message_id for parent, child in pairwise(messages))
