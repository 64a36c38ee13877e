"""Making what was said recallable: resumable, and whatever the model answers."""

import asyncio
import math
from dataclasses import dataclass

import pytest
from kept_conversations import keep

from appliance.errors import ModelRefused
from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.recall.recall import Recall
from appliance.store import chunk_vectors, messages


@dataclass
class Answers:
    """A model that gives the same for every text, and can be told to break off."""

    numbers: list[float]
    left: int = 1_000

    def query(self, text):
        return self.numbers

    def passage(self, text):
        if self.left == 0:
            raise ModelRefused("no more")
        self.left -= 1
        return self.numbers


def joined(database, model, embedder):
    computing = Computing(NO_TURNS)
    models = EmbeddingModels(computing, lambda model: embedder)
    return Indexer(database, models, model), Recall(database, models)


async def spaces_of(database):
    async with database.read() as reader:
        return [
            (each.name.rstrip(), each.is_complete) for each in await chunk_vectors.spaces(reader)
        ]


OLD, NEW = EmbeddingModel("/old", 8), EmbeddingModel("/new", 4)


@pytest.mark.parametrize("numbers", [[math.nan] * 8, [0.0] * 8, [math.inf] * 8])
async def test_a_text_of_which_the_model_makes_nothing_is_found_by_its_words(
    database, person, numbers
):
    await keep(database, person, "Air", "The zeppelin is silver.")
    indexer, recall = joined(database, OLD, Answers(numbers))
    await indexer.work_off()
    (found,) = await recall.search(person, "zeppelin")
    assert found.text == "The zeppelin is silver."
    assert (await indexer.progress()).done == 1


async def test_indexing_goes_on_where_it_broke_off(database, person):
    for number in range(5):
        await keep(database, person, "Air", f"Zeppelin number {number} is silver.")
    indexer, recall = joined(database, OLD, Answers([1.0] * 8, left=2))
    with pytest.raises(ModelRefused):
        await indexer.work_off()
    progress = await indexer.progress()
    assert (progress.done, progress.total) == (2, 5)
    assert len(await recall.search(person, "zeppelin")) == 5, "by words all are found"
    again = Answers([1.0] * 8)
    await joined(database, OLD, again)[0].work_off()
    assert again.left == 1_000 - 3, "what was done is not done again"
    assert await spaces_of(database) == [(OLD.name, True)]


async def test_the_old_vectors_serve_until_another_model_has_made_all(database, person):
    for number in range(5):
        await keep(database, person, "Air", f"Zeppelin number {number} is silver.")
    await joined(database, OLD, Answers([1.0] * 8))[0].work_off()
    changing, _ = joined(database, NEW, Answers([1.0] * 4, left=2))
    with pytest.raises(ModelRefused):
        await changing.work_off()
    async with database.read() as reader:
        assert (await chunk_vectors.serving(reader)).name == OLD.name
    assert await spaces_of(database) == [(OLD.name, True), (NEW.name, False)]
    await joined(database, NEW, Answers([1.0] * 4))[0].work_off()
    assert await spaces_of(database) == [(NEW.name, True)]
    async with database.read() as reader:
        tables = await reader.execute_fetchall(
            "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'chunk_vectors_1%'"
        )
    assert tables == [(0,)], "nothing is left of the old ones"


async def test_all_vectors_can_be_made_anew_by_the_same_model(database, person):
    await keep(database, person, "Air", "The zeppelin is silver.")
    embedder = Answers([1.0] * 8)
    indexer, recall = joined(database, OLD, embedder)
    await indexer.work_off()
    await indexer.begin_anew()
    await indexer.begin_anew()
    async with database.read() as reader:
        assert (await chunk_vectors.serving(reader)).is_complete
    await indexer.work_off()
    assert embedder.left == 1_000 - 2
    assert await spaces_of(database) == [(OLD.name, True)]
    assert await recall.search(person, "zeppelin")


async def test_a_reply_that_is_continued_is_recalled_with_all_its_words(database, person):
    _, said = await keep(database, person, "Air", "Which one?", "The zeppelin")
    indexer, recall = joined(database, OLD, Answers([1.0] * 8))
    await indexer.work_off()
    async with database.write() as tx:
        longer = "The zeppelin is silver."
        assert await messages.extend(tx, person.person_key, said[1].message_id, longer)
    await indexer.work_off()
    found = [each.text for each in await recall.search(person, "zeppelin")]
    assert longer in found and "The zeppelin" not in found


async def test_the_background_indexes_what_it_is_told_of(remembering, person):
    remembering.indexer.start()
    await keep(remembering.database, person, "Air", "The zeppelin is silver.")
    remembering.indexer.note()
    async with asyncio.timeout(30):
        await remembering.indexer.wait_idle()
    assert await remembering.texts(person, "zeppelin")
    await remembering.indexer.stop()
