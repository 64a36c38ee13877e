"""Recall: what was said, in any of a person's conversations, and what their documents say."""

from aiosqlite import Connection

from appliance.conversations.conversation import Person, Role
from appliance.recall.documents import NameDocuments, no_documents
from appliance.recall.found import DocumentSource, MessageSource, Recalled
from appliance.recall.question import match_of
from appliance.store import chunk_search
from appliance.store.chunk_search import FoundChunk, Scope
from appliance.store.database import Database

MOST_CHARS = 5_000
CANDIDATES = 64


class Recall:
    """One object a database; holds no state of its own."""

    def __init__(self, database: Database, name_documents: NameDocuments = no_documents) -> None:
        self._database = database
        self._name_documents = name_documents

    async def search(
        self,
        person: Person,
        text: str,
        k: int = 8,
        *,
        without: str | None = None,
        conversation: str | None = None,
    ) -> tuple[Recalled, ...]:
        """At most `k` chunks that have to do with the text, the best first; often none.

        `without` is a conversation that is left out, because its words are at hand already;
        `conversation` is the one whose own documents are seen, too.
        """
        match = match_of(text[:MOST_CHARS], person.person_key)
        if not match:
            return ()
        async with self._database.read() as reader:
            within = await chunk_search.scope(reader, person.person_key, without, conversation)
            found = await chunk_search.matching(reader, within, match, CANDIDATES)
            scores = dict(found[:k])
            chunks = await chunk_search.of_keys(reader, within, list(scores))
            return await self._told(reader, within, chunks, scores)

    async def _told(
        self,
        reader: Connection,
        within: Scope,
        chunks: list[FoundChunk],
        scores: dict[int, float],
    ) -> tuple[Recalled, ...]:
        document_keys = {each.document_key for each in chunks if each.document_key is not None}
        names = await self._name_documents(reader, within.person_key, document_keys)
        told: list[Recalled] = []
        for each in chunks:
            source: MessageSource | DocumentSource
            if each.document_key is None:
                assert each.conversation_id and each.message_id and each.role
                source = MessageSource(
                    each.conversation_id, each.message_id, Role(each.role), each.title or ""
                )
            elif (named := names.get(each.document_key)) is not None:
                source = DocumentSource(
                    named.document_id, each.passage, named.name, each.page, each.heading
                )
            else:
                continue
            score = scores[each.chunk_key]
            told.append(Recalled(each.chunk_key, each.text, each.said_at, score, source, "", ""))
        return tuple(told)
