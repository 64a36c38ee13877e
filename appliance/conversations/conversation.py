"""The nouns of a conversation, as plain values.

This module and `turn.py` import nothing of ours, `opened.py` and `deleted.py` only these two, so
that store, hot, prompting and routes may all speak of the same things. Ids that leave the server
are random 128-bit hex strings; keys are SQLite's integers and never leave it. Times are Unix
seconds.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum

TEMPORARY = "temporary-"
"""How the id of a conversation begins that is on no disk; it says so even when it is gone."""


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class TitledBy(StrEnum):
    """Whose words a title is: the message's first ones, a model's, or the person's own."""

    BOX = "box"
    MODEL = "model"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever owns what is said."""

    person_key: int
    person_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A name under which conversations are kept together."""

    folder_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A titled tree of messages; `leaf_id` is the message at the end of the branch being read."""

    conversation_id: str
    title: str
    created_at: int
    updated_at: int
    leaf_id: str | None = None
    is_pinned: bool = False
    is_archived: bool = False
    folder: Folder | None = None
    titled_by: TitledBy = TitledBy.PERSON
    is_recalled: bool = True
    """Whether its words may be recalled in others, and theirs in it."""

    @property
    def is_temporary(self) -> bool:
        """Whether it is on no disk, and ends by itself."""
        return names_temporary(self.conversation_id)


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said. `parent_id` is the message it answers or follows."""

    message_id: str
    conversation_id: str
    parent_id: str | None
    role: Role
    content: str
    created_at: int


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message that a search found, and the title of its conversation."""

    message: Message
    title: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What a model reads for `message_count` messages of one branch when they no longer fit.

    Once `is_edited` it is the person's own and stays; without content the person has deleted it.
    """

    summary_id: str
    conversation_id: str
    first_message_id: str
    last_message_id: str
    first_key: int
    last_key: int
    message_count: int
    first_at: int
    last_at: int
    created_at: int
    model_sha256: str
    is_edited: bool
    content: str


def names_temporary(conversation_id: str) -> bool:
    """Whether that is, or was, a conversation that is on no disk."""
    return conversation_id.startswith(TEMPORARY)


def new_id() -> str:
    """A random 128-bit id, 32 hex digits."""
    return secrets.token_hex(16)
