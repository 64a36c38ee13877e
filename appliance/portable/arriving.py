"""A conversation that comes in from a file: what is common to all formats. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from appliance.conversations.accepting import check_text, title_of
from appliance.conversations.conversation import Conversation, Message, Role, Summary
from appliance.conversations.fact import Fact
from appliance.conversations.turn import Turn
from appliance.errors import ImportRefused
from appliance.portable.document import LATEST_SECOND
from appliance.portable.tree import Node, in_order, nearest
from appliance.sentences import say

MOST_MESSAGE_CHARS = 500_000
MOST_REPLY_CHARS = 200_000
"""Fewer, because a reply is Markdown, and rendering costs more than showing."""
NO_TITLE = "Imported conversation"

# The units that programs write times in, told apart by size: up to this, and how many a second has.
_UNITS = ((1e11, 1), (1e14, 1e3), (1e17, 1e6), (1e20, 1e9))


@dataclass(frozen=True, slots=True)
class Arriving:
    """A whole conversation, parents before children, with what of it could not be kept."""

    conversation: Conversation
    messages: tuple[Message, ...]
    turns: tuple[Turn, ...] = ()
    summaries: tuple[Summary, ...] = ()
    facts: tuple[Fact, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Kinds of things a box like this cannot hold, and how many of each."""
    place: int = 0
    """Its place in the file, counted from 1."""

    def with_own_ids(self, person_id: str) -> "Arriving":
        """The same under ids made of its own and of whose it is: the same ones every time, so that
        a second import finds the first.
        """

        def own(old_id: str) -> str:
            return own_id(person_id, old_id)

        known = {each.message_id for each in self.messages}
        known |= {each.summary_id for each in self.summaries}
        known |= {each.fact_id for each in self.facts}
        known.add(self.conversation.conversation_id)

        def pointing(value: object) -> object:
            """What a record says of a prompt, as far as it speaks of what is in here."""
            if isinstance(value, list):
                return [pointing(each) for each in value]
            if isinstance(value, dict):
                return {name: pointing(each) for name, each in value.items()}
            return own(value) if isinstance(value, str) and value in known else value

        conversation_id = own(self.conversation.conversation_id)
        leaf_id = self.conversation.leaf_id
        return replace(
            self,
            conversation=replace(
                self.conversation,
                conversation_id=conversation_id,
                leaf_id=own(leaf_id) if leaf_id else None,
            ),
            messages=tuple(
                replace(
                    each,
                    message_id=own(each.message_id),
                    conversation_id=conversation_id,
                    parent_id=own(each.parent_id) if each.parent_id else None,
                )
                for each in self.messages
            ),
            turns=tuple(
                replace(
                    each,
                    turn_id=own(each.turn_id),
                    conversation_id=conversation_id,
                    input_message_id=own(each.input_message_id),
                    reply_message_id=own(each.reply_message_id) if each.reply_message_id else None,
                    prompt_record={
                        name: pointing(value) for name, value in each.prompt_record.items()
                    },
                )
                for each in self.turns
            ),
            summaries=tuple(
                replace(
                    each,
                    summary_id=own(each.summary_id),
                    conversation_id=conversation_id,
                    first_message_id=own(each.first_message_id),
                    last_message_id=own(each.last_message_id),
                )
                for each in self.summaries
            ),
            facts=tuple(
                replace(
                    each,
                    fact_id=own(each.fact_id),
                    conversation_id=conversation_id,
                    message_id=own(each.message_id),
                    superseded_by=own(each.superseded_by) if each.superseded_by else None,
                )
                for each in self.facts
            ),
        )


def own_id(person_id: str, foreign_id: str) -> str:
    """An id of ours for something that has another one elsewhere."""
    key = person_id.encode()[:64]
    return blake2b(foreign_id.encode(), key=key, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class ForeignConversation:
    """What the formats of other programs come to: a tree of nodes under ids of theirs."""

    foreign_id: str
    title: str
    created_at: int
    updated_at: int
    leaf: str | None
    nodes: Mapping[str, Node]
    left_out: Counter[str]

    def arriving(self, person_id: str) -> Arriving:
        """Under ids of our own. Raises ImportRefused, InvalidInput."""
        conversation_id = own_id(person_id, self.foreign_id)

        def own(node_id: str) -> str:
            return own_id(person_id, f"{self.foreign_id}/{node_id}")

        ordered = in_order(self.nodes)
        if not ordered:
            raise ImportRefused(say("It has no message that could be kept."))
        messages = tuple(
            replace(
                message,
                message_id=own(message.message_id),
                conversation_id=conversation_id,
                parent_id=own(above) if above is not None else None,
            )
            for message, above in ordered
        )
        leaf = nearest(self.nodes, self.leaf)
        leaf_id = own(leaf) if leaf is not None else messages[-1].message_id
        conversation = Conversation(
            conversation_id,
            title_for(self.title, messages),
            self.created_at,
            self.updated_at,
            leaf_id,
        )
        check_texts(conversation, messages)
        return Arriving(conversation, messages, left_out=self.left_out)


def foreign_message(node_id: str, role: Role, content: str, created_at: int) -> Message:
    """A message whose place in the tree is found later."""
    return Message(node_id, "", None, role, content, created_at)


def seconds(value: float | None, otherwise: int) -> int:
    """A Unix time in whole seconds, whatever unit it is in; `otherwise` for none that can be."""
    if value is None or value <= 0:
        return otherwise
    for most, a_second in _UNITS:
        if value < most:
            return min(int(value / a_second), LATEST_SECOND)
    return otherwise


def check_texts(conversation: Conversation, messages: tuple[Message, ...]) -> None:
    """Raises ImportRefused for text that is too long, InvalidInput for what is no text."""
    check_text(conversation.title)
    for each in messages:
        check_content(each.content, is_reply=each.role is Role.ASSISTANT)


def check_content(content: str, *, is_reply: bool) -> None:
    """The same for one text."""
    most = MOST_REPLY_CHARS if is_reply else MOST_MESSAGE_CHARS
    if len(content) > most and is_reply:
        raise ImportRefused(say("A reply has more than %(most)s characters.", most=most))
    if len(content) > most:
        raise ImportRefused(say("A message has more than %(most)s characters.", most=most))
    check_text(content)


def title_for(title: str, messages: tuple[Message, ...]) -> str:
    """The title as a list can show it; the first words where there is none."""
    return title_of(title if title.strip() else _first_words(messages))


def _first_words(messages: tuple[Message, ...]) -> str:
    asked = (each.content for each in messages if each.role is Role.USER)
    return next(asked, "").strip() or NO_TITLE
