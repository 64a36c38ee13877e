"""How much there is, and how much went: plain values."""

from dataclasses import dataclass

from appliance.conversations.conversation import Conversation


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
