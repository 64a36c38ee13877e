"""Open WebUI's export: a list of `{"chat": {"history": {"messages": {...}}}}`.

Files and pictures that hang on a message are counted; what a model thought before it answered,
which stands in the reply there, is taken out of it.
"""

from collections import Counter
from hashlib import blake2b
from time import time
from typing import Any

import msgspec
from msgspec import Struct, field

from appliance.conversations.conversation import Message, Role
from appliance.portable.arriving import ForeignConversation, foreign_message, seconds
from appliance.portable.tree import Node
from appliance.sentences import say

# Instructions are left behind: the page would not show them, and the model would follow them.
_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT}
_ATTACHED = say("pictures and other attachments")
_THOUGHTS = say("thoughts before a reply")
_OPENING, _CLOSING = '<details type="reasoning"', "</details>"

_text_part = msgspec.json.Decoder(str)


class Piece(Struct):
    type: str = ""
    text: str | None = None


_pieces = msgspec.json.Decoder(list[Piece])


class SaidThere(Struct):
    id: str = ""
    parent: str | None = field(default=None, name="parentId")
    role: str = ""
    content: msgspec.Raw = field(default_factory=lambda: msgspec.Raw(b'""'))
    timestamp: float | None = None
    files: list[msgspec.Raw] | None = None


class History(Struct):
    messages: dict[str, SaidThere] = field(default_factory=dict)
    current: str | None = field(default=None, name="currentId")


class Chat(Struct):
    title: str | None = None
    history: History | None = None
    messages: list[SaidThere] | None = None
    timestamp: float | None = None


class OpenWebUiConversation(Struct):
    chat: Chat
    id: str | None = None
    title: str | None = None
    created_at: float | None = None
    updated_at: float | None = None


_decoder = msgspec.json.Decoder(OpenWebUiConversation)


def read(text: bytes | bytearray) -> ForeignConversation:
    """Raises msgspec.DecodeError."""
    there = _decoder.decode(text)
    chat = there.chat
    created_at = seconds(there.created_at or chat.timestamp, int(time()))
    messages, leaf = _messages(chat)
    left_out: Counter[str] = Counter()
    nodes: dict[str, Node] = {}
    for node_id, said in messages.items():
        at = seconds(said.timestamp, created_at)
        # They have times of whole seconds, so a question and its answer may share one.
        nodes[node_id] = Node(said.parent or None, at, _message(node_id, said, at, left_out))
    own_id = there.id or blake2b(text, digest_size=16).hexdigest()
    return ForeignConversation(
        foreign_id=f"open-webui:{own_id}",
        title=there.title or chat.title or "",
        created_at=created_at,
        updated_at=seconds(there.updated_at, created_at),
        leaf=leaf,
        nodes=nodes,
        left_out=left_out,
    )


def _messages(chat: Chat) -> tuple[dict[str, SaidThere], str | None]:
    if chat.history is not None and chat.history.messages:
        return chat.history.messages, chat.history.current
    # Old exports: a list without branches.
    chain: dict[str, SaidThere] = {}
    before: str | None = None
    for place, said in enumerate(chat.messages or ()):
        said.parent = before
        before = str(place)
        chain[before] = said
    return chain, before


def _message(node_id: str, said: SaidThere, at: int, left_out: Counter[str]) -> Message | None:
    role = _ROLES.get(said.role)
    if said.files:
        left_out[_ATTACHED] += len(said.files)
    if role is None:
        return None
    content = _content(said.content, left_out)
    if role is Role.ASSISTANT:
        content = _without_thoughts(content, left_out)
    return foreign_message(node_id, role, content, at) if content.strip() else None


def _content(raw: msgspec.Raw, left_out: Counter[str]) -> str:
    """Text, or a list of pieces some of which are text."""
    start: Any = bytes(memoryview(raw)[:1])
    if start == b"[":
        pieces = _pieces.decode(raw)
        left_out[_ATTACHED] += sum(piece.text is None for piece in pieces)
        return "\n\n".join(piece.text for piece in pieces if piece.text)
    return "" if start == b"n" else _text_part.decode(raw)


def _without_thoughts(content: str, left_out: Counter[str]) -> str:
    kept, at = [], 0
    while (start := content.find(_OPENING, at)) >= 0:
        end = content.find(_CLOSING, start)
        if end < 0:
            break
        kept.append(content[at:start])
        at = end + len(_CLOSING)
        left_out[_THOUGHTS] += 1
    return ("".join(kept) + content[at:]).strip() if kept or at else content
