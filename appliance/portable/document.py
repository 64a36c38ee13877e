"""The file that export writes and import reads: JSON, version 1.

`docs/conversations.schema.json` says the same for others; a test keeps the two alike. What these
types do not allow is not taken in. Fields that a later version adds are ignored by this one, and
absent ones have a default, so that a file outlives versions in both directions.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from appliance.conversations.conversation import TitledBy
from appliance.conversations.fact import Topic
from appliance.conversations.turn import TurnStatus

FORMAT = "appliance.conversations"
VERSION = 1
LATEST_SECOND = 253_402_300_799
"""The last one of the year 9999; after it there is no date to show."""

Id = Annotated[str, Meta(pattern="^[0-9a-f]{32}$", min_length=32, max_length=32)]
Seconds = Annotated[int, Meta(ge=0, le=LATEST_SECOND, description="Unix time")]
Count = Annotated[int, Meta(ge=0, le=2**53)]


class Header(Struct):
    """What stands before the conversations."""

    format: str
    version: int


class SaidMessage(Struct):
    """One message. `parent_id` is the one it follows; parents stand before their children.

    No instructions to the model: the page would not show them, and the model would follow them.
    """

    message_id: Id
    parent_id: Id | None
    role: Literal["user", "assistant"]
    created_at: Seconds
    content: str


class Counts(Struct):
    """What a turn cost: tokens, and milliseconds."""

    prompt_tokens: Count = 0
    completion_tokens: Count = 0
    cached_tokens: Count = 0
    queue_ms: Count = 0
    ttft_ms: Count | None = None
    decode_ms: Count = 0
    prefill_ms: Count = 0
    drafted_tokens: Count = 0
    accepted_tokens: Count = 0


class EndedTurn(Struct):
    """One model call: which message it answered, with which reply, how it ended."""

    turn_id: Id
    input_message_id: Id
    reply_message_id: Id | None
    status: TurnStatus
    created_at: Seconds
    finish_reason: Literal["stop", "length", "cancelled", "error"] | None = None
    error: Annotated[str, Meta(max_length=2000)] | None = None
    checkpoint: str = ""
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    model_sha256: Annotated[str, Meta(max_length=64)] = ""
    counts: Counts = field(default_factory=Counts)
    sampling: dict[str, Any] = field(default_factory=dict)
    prompt_record: dict[str, Any] = field(default_factory=dict)
    attempts: Count = 0


class KeptSummary(Struct):
    """What a model reads for the messages of one branch from the first to the last of them.

    An edited one is the person's own; without words it was deleted, and is not made again.
    """

    summary_id: Id
    first_message_id: Id
    last_message_id: Id
    created_at: Seconds
    content: Annotated[str, Meta(max_length=4000)]
    model_sha256: Annotated[str, Meta(max_length=64)] = ""
    is_edited: bool = False


class KeptFact(Struct):
    """What a person said of themselves in one of their messages, in their own words.

    It comes back as a proposal: whatever the file says, no model reads it before it is confirmed.
    """

    fact_id: Id
    message_id: Id
    topic: Topic
    content: Annotated[str, Meta(min_length=1, max_length=160)]
    said_at: Seconds
    confidence_percent: Annotated[int, Meta(ge=0, le=100)] = 0
    is_confirmed: bool = False
    is_edited: bool = False
    superseded_at: Seconds | None = None
    superseded_by: Id | None = None


class ConversationDocument(Struct):
    """A conversation with all its branches; `leaf_id` is the end of the one being read.

    A folder is known by its name. What is in the archive is not pinned. One that is not recalled is
    left out of what others are told, and tells nothing itself.
    """

    conversation_id: Id
    title: Annotated[str, Meta(max_length=120)]
    created_at: Seconds
    updated_at: Seconds
    leaf_id: Id | None
    messages: list[SaidMessage]
    turns: list[EndedTurn]
    titled_by: TitledBy = TitledBy.PERSON
    is_pinned: bool = False
    is_archived: bool = False
    is_recalled: bool = True
    folder: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    summaries: list[KeptSummary] = field(default_factory=list)
    facts: list[KeptFact] = field(default_factory=list)


class Document(Struct):
    """The whole file, for its schema only: it is written and read piece by piece."""

    format: Literal["appliance.conversations"]
    version: Literal[1]
    conversations: list[ConversationDocument]
