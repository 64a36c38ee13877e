"""A recall that finds exactly what a test says, in a box that is otherwise whole."""

from typing import Any

import pytest

from appliance.conversations.conversation import Message, Person
from appliance.conversations.opened import StartedTurn
from appliance.lifespan import Box
from appliance.recall.found import DocumentSource, MessageSource, Recalled

NOTHING_BESIDE = {"titles": False, "summaries": False, "facts": False}
RECALLING: dict[str, Any] = {"assistant": NOTHING_BESIDE, "recall": {"enabled": True}}


class ScriptedRecall:
    """Finds `found` for whatever names something, as far as it is not of the conversation itself;
    keeps what it was asked.
    """

    def __init__(self) -> None:
        self.found: list[Recalled] = []
        self.asked: list[str] = []
        self.people: list[Person] = []
        self.error: Exception | None = None

    async def search(
        self,
        person: Person,
        text: str,
        k: int = 8,
        *,
        without: str | None = None,
        conversation: str | None = None,
    ) -> tuple[Recalled, ...]:
        self.asked.append(text)
        self.people.append(person)
        if self.error is not None:
            raise self.error
        elsewhere = (
            each
            for each in self.found
            if isinstance(each.source, DocumentSource) or each.source.conversation_id != without
        )
        return tuple(elsewhere)[:k]

    def will_find(self, message: Message, text: str = "", **more: Any) -> Recalled:
        """From now on, this message or a part of it."""
        source = MessageSource(message.conversation_id, message.message_id, message.role, "Title")
        given = {"score": 0.9, "before": "", "after": "", **more}
        said_at = message.created_at
        recalled = Recalled(1, text or message.content, said_at, source=source, **given)
        self.found.append(recalled)
        return recalled

    def will_find_document(self, text: str, name: str = "handbook.pdf", passage: int = 3) -> None:
        source = DocumentSource("d" * 32, passage, name, 4, "Opening hours")
        self.found.append(Recalled(2, text, 0, 0.9, source, "", ""))


@pytest.fixture
def recall(monkeypatch: pytest.MonkeyPatch) -> ScriptedRecall:
    """In place of the real one, in every box that is opened from now on."""
    scripted = ScriptedRecall()
    monkeypatch.setattr("appliance.recall_desk.Recall", lambda *given: scripted)
    return scripted


async def said_in(box: Box, started: StartedTurn) -> tuple[Message, ...]:
    """All messages of a conversation, oldest first."""
    conversation_id = started.conversation.conversation_id
    opened = await box.desk.service.open_conversation(box.person, conversation_id)
    return opened.messages
