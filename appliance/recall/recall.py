"""Recall: what was said, in any of a person's conversations, and what their documents say."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from time import time

import structlog
from aiosqlite import Connection

from appliance.conversations.conversation import Person, Role
from appliance.errors import ApplianceError
from appliance.recall import ranking
from appliance.recall.documents import NameDocuments, no_documents
from appliance.recall.embedding import EmbeddingModel, named
from appliance.recall.found import DocumentSource, MessageSource, Recalled
from appliance.recall.models import EmbeddingModels
from appliance.recall.question import asks_nothing, match_of, words_of
from appliance.store import chunk_search, chunk_vectors
from appliance.store.chunk_scope import Scope, scope_of
from appliance.store.chunk_search import FoundChunk
from appliance.store.chunk_vectors import Space
from appliance.store.database import Database

MOST_CHARS = 5_000
CANDIDATES = 64
"""Of each kind; more find nothing better."""
TOLD = 3
"""For each chunk that is asked for, so many are looked at: some say the same, some nothing."""
EMBEDDING_SECONDS = 2.0
"""A question waits no longer for its vector, and is answered by words alone."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question in the two forms in which it is looked for, and what was found by its words."""

    words: tuple[str, ...]
    within: Scope
    found: list[tuple[int, float]]
    vector: bytes | None = None
    space: Space | None = None
    model: EmbeddingModel | None = None

    def near_in_meaning(self, cosines: Mapping[int, float]) -> set[int]:
        if self.model is None:
            return set()
        return ranking.near_in_meaning(cosines, self.model.floor)


class Recall:
    """One object a database; holds nothing of anybody."""

    def __init__(
        self,
        database: Database,
        models: EmbeddingModels,
        name_documents: NameDocuments = no_documents,
        clock: Callable[[], float] = time,
    ) -> None:
        self._database = database
        self._models = models
        self._name_documents = name_documents
        self._clock = clock

    async def search(
        self,
        person: Person,
        text: str,
        k: int = 8,
        *,
        without: str | None = None,
        conversation: str | None = None,
        has_floor: bool = True,
    ) -> tuple[Recalled, ...]:
        """At most `k` chunks that have to do with the text, the best first; often none.

        `without` is a conversation that is left out, because its words are at hand already;
        `conversation` is the one whose own documents are seen, too. Without a floor the best that
        there is comes back, for whoever has asked to look. Raises StoreError.
        """
        text = text[:MOST_CHARS]
        if k < 1 or asks_nothing(text):
            return ()
        asked = await self._asked(person, text, without, conversation)
        within, words = asked.within, asked.found
        async with self._database.read() as reader:
            near: list[tuple[int, float]] = []
            if asked.space is not None and asked.vector is not None:
                near = await chunk_vectors.nearest(
                    reader, asked.space, within, asked.vector, CANDIDATES
                )
            if not words and not near:
                return ()
            fused = ranking.fused(words, near)
            beside = await chunk_search.beside(
                reader, person.person_key, ranking.best(fused, CANDIDATES)
            )
            scores = ranking.with_neighbours(fused, beside)
            chosen = ranking.best(scores, k * TOLD)
            beside |= await chunk_search.beside(
                reader, person.person_key, [key for key in chosen if key not in beside]
            )
            around = {key for each in chosen for key in beside.get(each, ()) if key is not None}
            found = {
                each.chunk_key: each
                for each in await chunk_search.of_keys(reader, within, [*chosen, *around])
            }
            if has_floor and not (
                asked.near_in_meaning(dict(near)) & found.keys()
                or await _has_its_words(reader, person.person_key, asked.words, found.values())
            ):
                return ()
            kept = self._kept([found[key] for key in chosen if key in found], scores, k)
            return await self._told(reader, within, kept, beside, found)

    async def _asked(
        self, person: Person, text: str, without: str | None, conversation: str | None
    ) -> _Asked:
        """What to look for, and what is found by its words: both threads work at the same time. By
        words alone when there is no vector in time.
        """
        words = words_of(text)
        match = match_of(words, person.person_key)
        async with self._database.read() as reader:
            within = await scope_of(reader, person.person_key, without, conversation)
            space = await chunk_vectors.serving(reader)
        model = named(space.name) if space is not None else None
        if model is None:
            return _Asked(words, within, await self._by_words(within, match))
        vector, found = await asyncio.gather(
            self._vector(model, text), self._by_words(within, match)
        )
        return _Asked(words, within, found, vector, space, model)

    async def _by_words(self, within: Scope, match: str) -> list[tuple[int, float]]:
        async with self._database.read() as reader:
            return await chunk_search.matching(reader, within, match, CANDIDATES)

    async def _vector(self, model: EmbeddingModel, text: str) -> bytes | None:
        try:
            async with asyncio.timeout(EMBEDDING_SECONDS):
                return await self._models.query(model, text)
        except (ApplianceError, TimeoutError) as error:
            log.info("recalled by words alone", reason=type(error).__name__)
            return None

    def _kept(
        self, chunks: list[FoundChunk], scores: Mapping[int, float], most: int
    ) -> list[tuple[FoundChunk, float]]:
        """Each text once, the best first, without those that are much worse than the best."""
        now = self._clock()
        scored = [
            (each, ranking.aged(scores[each.chunk_key], now - each.said_at)) for each in chunks
        ]
        scored.sort(key=lambda each: -each[1])
        kept: list[tuple[FoundChunk, float]] = []
        told: list[Set[str]] = []
        for chunk, score in scored:
            if score < ranking.LEAST_SHARE * scored[0][1] or len(kept) == most:
                break
            terms = ranking.terms_in(chunk.text)
            if not any(ranking.is_same(terms, other) for other in told):
                kept.append((chunk, score))
                told.append(terms)
        return kept

    async def _told(
        self,
        reader: Connection,
        within: Scope,
        kept: list[tuple[FoundChunk, float]],
        beside: ranking.Beside,
        found: Mapping[int, FoundChunk],
    ) -> tuple[Recalled, ...]:
        keys = {each.document_key for each, _ in kept if each.document_key is not None}
        names = await self._name_documents(reader, within.person_key, keys) if keys else {}
        told: list[Recalled] = []
        for each, score in kept:
            source: MessageSource | DocumentSource
            if each.document_key is None:
                assert each.conversation_id and each.message_id and each.role
                source = MessageSource(
                    each.conversation_id, each.message_id, Role(each.role), each.title or ""
                )
            elif each.document_key in names:
                document = names[each.document_key]
                source = DocumentSource(
                    document.document_id, each.passage, document.name, each.page, each.heading
                )
            else:  # it is being deleted
                continue
            before, after = (
                found[key].text if key is not None and key in found else ""
                for key in beside.get(each.chunk_key, (None, None))
            )
            told.append(
                Recalled(each.chunk_key, each.text, each.said_at, score, source, before, after)
            )
        return tuple(told)


async def _has_its_words(
    reader: Connection, person_key: int, words: Sequence[str], found: Iterable[FoundChunk]
) -> bool:
    """Whether any of these has the words of the question that say most."""
    weights = ranking.weights(*await chunk_search.counts_of_words(reader, person_key, words))
    return any(
        ranking.coverage(weights, ranking.terms_in(f"{each.heading}\n{each.text}"))
        >= ranking.COVERED
        for each in found
    )
