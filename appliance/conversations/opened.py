"""What a page gets of a conversation: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.conversations.conversation import Conversation, Message, Role, Summary
from appliance.conversations.turn import Turn


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
    page: int | None = None


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
