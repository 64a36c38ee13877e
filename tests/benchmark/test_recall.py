"""The box that searches are measured in is one as the appliance makes it, and every way answers."""

import pytest
from benchmark import recall_corpus, recall_search, recall_texts, report
from benchmark.figures import Run
from benchmark.running import Outcome
from benchmark.scenario import Scenario

from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.store.database import Database

MODEL = EmbeddingModel("/quick", 8)


class Letters:
    """Eight numbers by the letters of a text: always the same."""

    def query(self, text):
        return [1.0 + sum(ord(char) % 8 == number for char in text) for number in range(8)]

    passage = query


@pytest.fixture
async def ways(tmp_path):
    database = await Database.open(tmp_path / "recall.sqlite3")
    computing = Computing(NO_TURNS)
    models = EmbeddingModels(computing, lambda model: Letters())
    corpus = await recall_corpus.begin(database, models, MODEL, 3, 12)
    yield recall_search.Ways(corpus, models, MODEL)
    await database.close()
    computing.close()


async def test_it_grows_as_the_box_itself_would_have_made_it(ways, monkeypatch):
    monkeypatch.setattr(recall_corpus, "BATCH", 50)
    database = ways.corpus.database
    await ways.corpus.grow(120)
    await ways.corpus.grow(150)
    async with database.read() as reader:
        for table in ("chunks", "messages", "chunk_terms_docsize", "chunk_vectors_1"):
            assert await reader.execute_fetchall(f"SELECT count(*) FROM {table}") == [(150,)]
        shares = "SELECT count(*) FROM chunks GROUP BY person_key"
        assert await reader.execute_fetchall(shares) == [(50,)] * 3
        # Who says something says it in a conversation of their own, after what they said before.
        foreign = """
        SELECT count(*) FROM messages m JOIN conversations c USING (conversation_key)
        LEFT JOIN messages before ON before.message_key = m.parent_key
        WHERE c.person_key <> m.person_key OR before.conversation_key <> m.conversation_key
        """
        assert await reader.execute_fetchall(foreign) == [(0,)]
    indexer = Indexer(database, ways.models, MODEL)
    progress = await indexer.progress()
    assert (progress.messages, progress.done, progress.total) == (0, 150, 150)
    person = ways.corpus.crowd[1]
    found = await ways.ours(person, ways.corpus.sentences[3])
    assert found[0].text.startswith(ways.corpus.sentences[3])
    assert found[0].before or found[0].after


async def test_every_way_is_measured_with_the_same_questions(ways):
    await ways.corpus.grow(120)
    outcomes = await recall_search.measure(ways, 4)
    assert len(outcomes) == 4
    for outcome in outcomes:
        for run in (*outcome.ours, *outcome.theirs):
            assert set(run.figures) == {"p50_ms", "p95_ms"} and not run.failure
    lines = report.table(outcomes).splitlines()
    assert lines[1].startswith("120 chunks / one index for all")


def test_questions_and_sentences_are_the_same_every_time():
    assert recall_texts.questions(9, 2) == recall_texts.questions(9, 2)
    assert recall_texts.questions(9, 2) != recall_texts.questions(9, 3)
    assert len(set(recall_texts.sentences(300))) == 300


def test_a_side_that_failed_is_called_what_it_is():
    async def run(target):
        return {}

    outcome = Outcome(Scenario("a reply", "", run), [Run(failure="it ended")], [Run()])
    (line,) = report.failures([outcome], ("the box", "the other"))
    assert line == "a reply: the box gave no figures in 1 of 1 runs, because it ended"
