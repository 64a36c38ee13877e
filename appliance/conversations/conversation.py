"""The nouns of a conversation, as plain values.

This module imports nothing of ours, so that store, hot, prompting and routes may all speak of the
same things. Ids that leave the server are random 128-bit hex strings; keys are SQLite's integers
and never leave it. Times are Unix seconds.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

TEMPORARY = "temporary-"
"""How the id of a conversation begins that is on no disk; it says so even when it is gone."""


class Role(StrEnum):
    """Who speaks."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class TurnStatus(StrEnum):
    """Where a turn is in its life; the last three are final."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (TurnStatus.FINISHED, TurnStatus.CANCELLED, TurnStatus.FAILED)


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


@dataclass(frozen=True, slots=True)
class TurnCounts:
    """What a turn cost.

    Tokens are counts, times are milliseconds since the accepted POST or of the phase named.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    queue_ms: int = 0
    ttft_ms: int | None = None
    decode_ms: int = 0
    prefill_ms: int = 0
    drafted_tokens: int = 0
    accepted_tokens: int = 0

    @property
    def tokens_per_second(self) -> float | None:
        """Decode speed; None until there are two tokens to measure between."""
        if self.completion_tokens < 2 or self.decode_ms <= 0:
            return None
        return (self.completion_tokens - 1) * 1000 / self.decode_ms


@dataclass(frozen=True, slots=True)
class Turn:
    """One model call: what went in, what came out, how it ended."""

    turn_id: str
    conversation_id: str
    input_message_id: str
    reply_message_id: str | None
    status: TurnStatus
    created_at: int
    checkpoint: str = ""
    finish_reason: str | None = None
    error: str | None = None
    seed: int = 0
    sampling: Mapping[str, object] = field(default_factory=dict)
    model_sha256: str = ""
    prompt_record: Mapping[str, object] = field(default_factory=dict)
    counts: TurnCounts = field(default_factory=TurnCounts)
    attempts: int = 0
    """How often it was begun since it last got on: more than once only when the box broke down."""

    @property
    def is_cut(self) -> bool:
        """Whether it is over and its reply may go on: it did not come to its end by itself."""
        was_ended = self.status in (TurnStatus.CANCELLED, TurnStatus.FAILED)
        return was_ended or self.finish_reason == "length"


class TurnPhase(StrEnum):
    """What the box is doing for a turn that is not over, in the words the page uses."""

    LOADING = "loading"
    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class TurnSnapshot:
    """A turn at one instant, complete in itself: a reader needs no earlier one."""

    turn: Turn
    phase: TurnPhase
    text: str
    place: int | None = None
    """Place in the queue while waiting; 1 is next."""
    prefilled_tokens: int = 0
    prompt_tokens: int = 0
    wait_seconds: float | None = None
    """About how long until the first word; None when nothing is known."""
    unsure_from: int | None = None
    """From which character on an earlier reader may have read something else, because the box broke
    down after it; None when that never happened.
    """

    @property
    def reading_percent(self) -> int:
        return 100 * self.prefilled_tokens // max(1, self.prompt_tokens)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Which messages of a branch a page wants; with nothing said, the newest.

    Each is the id of a message: a piece before or after it, or a page from it on, up to it or
    around it.
    """

    before_id: str = ""
    after_id: str = ""
    from_id: str = ""
    to_id: str = ""
    at_id: str = ""


NEWEST = Excerpt()


@dataclass(frozen=True, slots=True)
class RecalledFrom:
    """A message, or a passage of a document, that a reply was given to read."""

    title: str = ""
    conversation_id: str = ""
    message_id: str = ""
    document_id: str = ""
    passage: int = 0


@dataclass(frozen=True, slots=True)
class OpenConversation:
    """What a page shows of a conversation: a part of one branch, oldest message first, and how its
    turns stand.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    turns: Mapping[str, Turn]
    """The latest turn of each user message, by `input_message_id`; the open one in any case."""
    replies: Mapping[str, Turn] = field(default_factory=dict)
    """The turn that wrote each reply, or wrote it last, by `reply_message_id`."""
    siblings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Where several messages stand in one place of the tree: their ids, oldest first, by the id of
    the one that is shown.
    """
    other_replies: tuple[str, ...] = ()
    """What other branches have after the last message, when this one has nothing."""
    summaries: tuple[Summary, ...] = ()
    """What stands for its earlier part once that no longer fits, oldest first."""
    recalled: Mapping[str, tuple[RecalledFrom, ...]] = field(default_factory=dict)
    """What was recalled for its turns, by turn id."""

    @property
    def has_earlier(self) -> bool:
        """Whether the branch has messages before these."""
        return bool(self.messages) and self.messages[0].parent_id is not None

    @property
    def has_later(self) -> bool:
        """Whether the branch goes on after these."""
        return bool(self.messages) and not self.is_last(self.messages[-1])

    @property
    def last_turn(self) -> Turn | None:
        """The open turn, or the one that answered last on this branch."""
        running = next((turn for turn in self.turns.values() if not turn.status.is_final), None)
        if running is not None or not self.messages:
            return running
        last = self.messages[-1]
        asked_id = last.message_id if last.role is Role.USER else last.parent_id
        return self.turns.get(asked_id or "")

    def is_last(self, message: Message) -> bool:
        """Whether the branch ends with this message."""
        return message.message_id == self.conversation.leaf_id


@dataclass(frozen=True, slots=True)
class StartedTurn:
    """The answer to an accepted message.

    `is_repeat` when the same client_message_id had been accepted before.
    """

    conversation: Conversation
    message: Message
    turn: Turn
    is_new_conversation: bool = False
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class DeleteReceipt:
    """How much went: rows, entries in Valkey, and states of the KV cache in memory and on disk."""

    conversations: int
    messages: int
    turns: int
    hot_entries: int = 0
    kv_states: int = 0
    shared_links: int = 0
    """Copies that others could read."""
    facts: int = 0
    """What was remembered of the person from these words."""
    documents: int = 0

    def __add__(self, other: "DeleteReceipt") -> "DeleteReceipt":
        return DeleteReceipt(
            conversations=self.conversations + other.conversations,
            messages=self.messages + other.messages,
            turns=self.turns + other.turns,
            hot_entries=self.hot_entries + other.hot_entries,
            kv_states=self.kv_states + other.kv_states,
            shared_links=self.shared_links + other.shared_links,
            facts=self.facts + other.facts,
            documents=self.documents + other.documents,
        )


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is of a person's."""

    conversations: int
    messages: int
    text_bytes: int
    shared_links: int = 0
    documents: int = 0


@dataclass(frozen=True, slots=True)
class PairDeleted:
    """A message is gone with the replies to it; it stood after `before_id`.

    The conversation is None when nothing else was left of it: then it is gone too.
    """

    conversation_id: str
    conversation: Conversation | None
    before_id: str | None
    receipt: DeleteReceipt


def names_temporary(conversation_id: str) -> bool:
    """Whether that is, or was, a conversation that is on no disk."""
    return conversation_id.startswith(TEMPORARY)


def new_id() -> str:
    """A random 128-bit id, 32 hex digits."""
    return secrets.token_hex(16)
