"""The words of what a prompt's record names, read from where they stand now."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from appliance.conversations.conversation import Person
from appliance.conversations.fact import Fact, FactsUse
from appliance.prompting.finding import quoted_from
from appliance.prompting.material import Material, Passage, ToldFact, document_origin
from appliance.prompting.pieces import DocumentPiece, MessagePiece, Piece
from appliance.store import facts, quotable, quoted_documents
from appliance.store.database import Database


class StoredWords:
    """The words of pieces and facts, read at one go."""

    def __init__(self, database: Database, person: Person) -> None:
        self._database = database
        self._person = person
        self._facts: dict[str, Fact] = {}
        self._use = FactsUse.OFF
        self._said: Mapping[str, quotable.Quotable] = {}
        self._passages: Mapping[tuple[str, int], quoted_documents.QuotedPassage] = {}

    async def load(
        self, conversation_id: str, pieces: Iterable[Piece], fact_ids: Collection[str]
    ) -> bool:
        """False where nothing is recalled."""
        places = list(pieces)
        key = self._person.person_key
        in_messages = {each.message_id for each in places if isinstance(each, MessagePiece)}
        async with self._database.read() as reader:
            if not await quotable.may_recall(reader, key, conversation_id):
                return False
            self._use = await facts.use(reader, key)
            if fact_ids:  # all of them: what one has replaced is told with it
                known = await facts.list_all(reader, key)
                self._facts = {each.fact_id: each for each in known}
            if in_messages:
                self._said = await quotable.by_ids(reader, key, in_messages)
            if wanted := {
                (e.document_id, e.passage) for e in places if isinstance(e, DocumentPiece)
            }:
                self._passages = await quoted_documents.passages(reader, key, wanted)
        return True

    def material(self, fact_ids: Iterable[str], pieces: Iterable[Piece]) -> Material:
        """What is still there of these, in their order."""
        told = [self._facts[fact_id] for fact_id in fact_ids if fact_id in self._facts]
        return Material(
            tuple(
                told_fact(fact, self._facts.values()) for fact in told if fact.is_used(self._use)
            ),
            tuple(filter(None, map(self._passage, pieces))),
        )

    def _passage(self, piece: Piece) -> Passage | None:
        if isinstance(piece, MessagePiece):
            message = self._said.get(piece.message_id)
            if message is None or piece.start >= len(message.content):
                return None
            return replace(quoted_from(message, piece.start, piece.chars), piece=piece)
        found = self._passages.get((piece.document_id, piece.passage))
        if found is None:
            return None
        origin = document_origin(found.name, found.page, found.heading)
        return Passage(piece, origin, found.text[: piece.chars])


def told_fact(fact: Fact, others: Iterable[Fact]) -> ToldFact:
    """As a prompt tells it, with what it has taken the place of."""
    before = [each for each in others if each.superseded_by == fact.fact_id]
    newest = max(before, key=lambda each: each.said_at, default=None)
    return ToldFact(fact.fact_id, fact.content, fact.said_at, newest.content if newest else "")
