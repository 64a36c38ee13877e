"""ChatGPT's export, `conversations.json`: a `mapping` of nodes, each with a parent.

Kept are what was typed and what was answered. Instructions, hidden steps and what tools said among
themselves are passed over; pictures, sound and other things that are no text are counted.
"""

from collections import Counter
from hashlib import blake2b
from time import time

import msgspec
from msgspec import Struct, field

from appliance.conversations.conversation import Message, Role
from appliance.portable.arriving import ForeignConversation, foreign_message, seconds
from appliance.portable.tree import Node
from appliance.sentences import say

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT}
_ATTACHED = say("pictures and other attachments")
_TOOLS = say("steps of tools")
_THOUGHTS = say("thoughts before a reply")
_THINKING = ("thoughts", "reasoning_recap")

_part = msgspec.json.Decoder(str)


class Author(Struct):
    role: str = ""


class Content(Struct):
    content_type: str = ""
    parts: list[msgspec.Raw] | None = None
    text: str | None = None
    language: str | None = None


class Metadata(Struct):
    is_visually_hidden_from_conversation: bool | None = None


class SaidThere(Struct):
    author: Author = field(default_factory=Author)
    content: Content = field(default_factory=Content)
    create_time: float | None = None
    recipient: str | None = None
    metadata: Metadata | None = None


class Place(Struct):
    message: SaidThere | None = None
    parent: str | None = None


class ChatGptConversation(Struct):
    mapping: dict[str, Place]
    title: str | None = None
    conversation_id: str | None = None
    id: str | None = None
    create_time: float | None = None
    update_time: float | None = None
    current_node: str | None = None


_decoder = msgspec.json.Decoder(ChatGptConversation)


def read(text: bytes | bytearray) -> ForeignConversation:
    """Raises msgspec.DecodeError."""
    there = _decoder.decode(text)
    created_at = seconds(there.create_time, int(time()))
    left_out: Counter[str] = Counter()
    nodes = {
        node_id: _node(node_id, place, created_at, left_out)
        for node_id, place in there.mapping.items()
    }
    own_id = there.conversation_id or there.id or blake2b(text, digest_size=16).hexdigest()
    return ForeignConversation(
        foreign_id=f"chatgpt:{own_id}",
        title=there.title or "",
        created_at=created_at,
        updated_at=seconds(there.update_time, created_at),
        leaf=there.current_node,
        nodes=nodes,
        left_out=left_out,
    )


def _node(node_id: str, place: Place, otherwise: int, left_out: Counter[str]) -> Node:
    said = place.message
    if said is None:
        return Node(place.parent, 0, None)
    at = seconds(said.create_time, otherwise)
    return Node(place.parent, said.create_time or 0, _message(node_id, said, at, left_out))


def _message(node_id: str, said: SaidThere, at: int, left_out: Counter[str]) -> Message | None:
    role = _ROLES.get(said.author.role)
    is_hidden = said.metadata and said.metadata.is_visually_hidden_from_conversation
    if said.author.role == "tool" or (role and said.recipient not in (None, "all")):
        left_out[_TOOLS] += 1
        return None
    if role is None or is_hidden or said.content.content_type.startswith("user_editable"):
        return None
    if said.content.content_type in _THINKING:
        left_out[_THOUGHTS] += 1
        return None
    content = _text(said.content, left_out)
    return foreign_message(node_id, role, content, at) if content.strip() else None


def _text(content: Content, left_out: Counter[str]) -> str:
    texts = []
    for part in content.parts or ():
        if bytes(memoryview(part)[:1]) == b'"':
            texts.append(_part.decode(part))
        else:
            left_out[_ATTACHED] += 1
    if content.text and content.content_type == "code":
        language = content.language if content.language != "unknown" else ""
        texts.append(f"```{language or ''}\n{content.text}\n```")
    elif content.text:
        texts.append(content.text)
    return "\n\n".join(text for text in texts if text.strip())
