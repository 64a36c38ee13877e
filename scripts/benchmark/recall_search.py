"""How long a search takes, its embedding included, and how long other ways to search take."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter

from appliance.conversations.conversation import Person
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.models import EmbeddingModels
from appliance.recall.question import match_of, words_of
from appliance.recall.recall import CANDIDATES, Recall
from appliance.store import chunk_search, chunk_vectors
from appliance.store.chunk_scope import Scope
from benchmark import recall_plain, recall_texts
from benchmark.errors import BenchmarkError, ScenarioFailed
from benchmark.figures import Run, percentile
from benchmark.machine import busy_fraction
from benchmark.recall_corpus import Corpus
from benchmark.running import Outcome
from benchmark.scenario import Scenario, Target

_MS = 1000
_WARM_UP = 8
_FEWER = 4
"""The slow way is asked so many times fewer questions."""

Way = Callable[[Person, str], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to search one corpus. All begin with the question as text."""

    corpus: Corpus
    models: EmbeddingModels
    model: EmbeddingModel

    async def ours(self, person: Person, question: str) -> object:
        return await Recall(self.corpus.database, self.models).search(person, question)

    async def one_index(self, person: Person, question: str) -> object:
        vector = await self.embedding(person, question)
        return await recall_plain.search(self.corpus, person, question, vector)

    async def meaning_alone(self, person: Person, question: str) -> object:
        vector = await self.embedding(person, question)
        async with self.corpus.database.read() as reader:
            space, within = self.corpus.space, Scope(person.person_key)
            return await chunk_vectors.nearest(reader, space, within, vector, CANDIDATES)

    async def words_alone(self, person: Person, question: str) -> object:
        match = match_of(words_of(question), person.person_key)
        async with self.corpus.database.read() as reader:
            within = Scope(person.person_key)
            return await chunk_search.matching(reader, within, match, CANDIDATES)

    async def embedding(self, person: Person, question: str) -> bytes:
        vector = await self.models.query(self.model, question)
        if vector is None:
            raise BenchmarkError(f"The model makes nothing of {question!r}.")
        return vector


async def measure(ways: Ways, questions: int) -> list[Outcome]:
    """Every way at the size that the corpus has now; each is asked the same."""
    await recall_plain.fill(ways.corpus)
    busy = busy_fraction()
    ours = await _run(ways.ours, ways.corpus, questions)
    others: tuple[tuple[str, Way, int], ...] = (
        ("one index for all", ways.one_index, questions // _FEWER),
        ("meaning alone", ways.meaning_alone, questions),
        ("words alone", ways.words_alone, questions),
        ("embedding alone", ways.embedding, questions),
    )
    size = f"{ways.corpus.chunks:,} chunks"
    return [
        Outcome(
            Scenario(f"{size} / {name}", f"a search among {size}; and by {name}", _never),
            [ours],
            [await _run(way, ways.corpus, count)],
            [busy],
        )
        for name, way, count in others
    ]


async def _run(way: Way, corpus: Corpus, count: int) -> Run:
    """One question after the other, each by another person."""
    asked = recall_texts.questions(_WARM_UP + count, seed=corpus.chunks)
    seconds = []
    for number, question in enumerate(asked):
        person = corpus.crowd[number * 7 % len(corpus.crowd)]
        began = perf_counter()
        await way(person, question)
        seconds.append(perf_counter() - began)
    measured = [each * _MS for each in seconds[_WARM_UP:]]
    return Run({"p50_ms": percentile(measured, 50), "p95_ms": percentile(measured, 95)})


async def _never(target: Target) -> dict[str, float]:
    raise ScenarioFailed("a search is measured without a server")
