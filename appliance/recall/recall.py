"""Recall: what was said, in any of a person's conversations, and what their documents say."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from time import gmtime, time

import structlog
from aiosqlite import Connection

from appliance.conversations.conversation import Person, Role
from appliance.errors import ApplianceError
from appliance.recall import ranking
from appliance.recall.choosing import Candidate, best_of
from appliance.recall.documents import NameDocuments, no_documents
from appliance.recall.embedding import EmbeddingModel, named
from appliance.recall.found import DocumentSource, MessageSource, Recalled
from appliance.recall.models import EmbeddingModels
from appliance.recall.question import asks_nothing, is_pair, match_of, months_of, words_of
from appliance.store import chunk_search, chunk_vectors
from appliance.store.chunk_scope import Scope, scope_of
from appliance.store.chunk_search import FoundChunk
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

    weights: Mapping[str, float]
    months: Set[int]
    within: Scope
    found: list[tuple[int, float]]
    vector: bytes | None = None
    model: EmbeddingModel | None = None

    def words_in(self, terms: Set[str]) -> Set[str]:
        return ranking.words_in(self.weights, terms)

    def is_about(self, cosines: Mapping[int, float], words: Mapping[int, Set[str]]) -> bool:
        """Whether any of those chunks is near its meaning, or has the words that say most."""
        model = self.model
        near = ranking.near_in_meaning(cosines, model.floor) if model is not None else set()
        return bool(near & words.keys()) or any(
            ranking.coverage(self.weights, each) >= ranking.COVERED for each in words.values()
        )

    def more(self, chunk: FoundChunk, around: Iterable[Set[str]]) -> float:
        """What speaks for a chunk besides itself: the words around it, and when it was said."""
        words = frozenset().union(*around)
        there = ranking.coverage(self.weights, {word for word in words if not is_pair(word)})
        is_in_month = gmtime(chunk.said_at).tm_mon in self.months
        return ranking.AROUND * there + ranking.IN_MONTH * is_in_month


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
            # Another space may have taken its place meanwhile; vectors compare within one model.
            if asked.vector is not None and asked.model is not None:
                space = await chunk_vectors.serving(reader)
                if space is not None and space.name == asked.model.name:
                    near = await chunk_vectors.nearest(
                        reader, space, within, asked.vector, CANDIDATES
                    )
            if not words and not near:
                return ()
            fused = ranking.fused(words, near)
            beside = await chunk_search.beside(
                reader, person.person_key, ranking.best(fused, CANDIDATES)
            )
            scores = ranking.with_neighbours(fused, beside)
            chosen = ranking.best(scores, k * TOLD)
            around = set(chosen)
            for _ in range(2):
                unknown = [key for key in around if key not in beside]
                beside |= await chunk_search.beside(reader, person.person_key, unknown)
                around |= _beside(around, beside)
            keys = [*chosen, *(around - set(chosen))]
            rows = await chunk_search.of_keys(reader, within, keys)
            found = {each.chunk_key: each for each in rows}
            terms = {key: ranking.terms_in(each.whole) for key, each in found.items()}
            said = {key: asked.words_in(each) for key, each in terms.items()}
            next_to = _beside(chosen, beside).union(chosen) & said.keys()
            if has_floor and not asked.is_about(dict(near), {key: said[key] for key in next_to}):
                return ()
            now = self._clock()
            candidates = []
            for key in (key for key in chosen if key in found):
                chunk, there = found[key], ranking.window(key, beside) & said.keys()
                score = scores[key] + asked.more(chunk, (said[each] for each in there))
                aged = ranking.aged(score, now - chunk.said_at)
                candidates.append(Candidate(chunk, aged, terms[key]))
            kept = best_of(candidates, beside, k)
            return await self._told(reader, within, kept, beside, found)

    async def _asked(
        self, person: Person, text: str, without: str | None, conversation: str | None
    ) -> _Asked:
        """What to look for, and what is found by its words: both threads work at the same time. By
        words alone when there is no vector in time.
        """
        words = words_of(text)
        async with self._database.read() as reader:
            within = await scope_of(reader, person.person_key, without, conversation)
            space = await chunk_vectors.serving(reader)
        model = named(space.name) if space is not None else None
        months = months_of(text)
        if model is None:
            found, weights = await self._by_words(within, words)
            return _Asked(weights, months, within, found)
        vector, (found, weights) = await asyncio.gather(
            self._vector(model, text), self._by_words(within, words)
        )
        return _Asked(weights, months, within, found, vector, model)

    async def _by_words(
        self, within: Scope, words: Sequence[str]
    ) -> tuple[list[tuple[int, float]], Mapping[str, float]]:
        """What has any of the words, and how much each of them says."""
        key = within.person_key
        async with self._database.read() as reader:
            found = await chunk_search.matching(reader, within, match_of(words, key), CANDIDATES)
            counts = await chunk_search.counts_of_words(reader, key, words)
        return found, ranking.weights(*counts)

    async def _vector(self, model: EmbeddingModel, text: str) -> bytes | None:
        try:
            async with asyncio.timeout(EMBEDDING_SECONDS):
                return await self._models.query(model, text)
        except (ApplianceError, TimeoutError) as error:
            log.info("recalled by words alone", reason=type(error).__name__)
            return None

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


def _beside(keys: Iterable[int], beside: ranking.Beside) -> set[int]:
    """What stands right beside any of these."""
    return {other for key in keys for other in beside.get(key, ()) if other is not None}
