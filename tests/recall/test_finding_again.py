"""With the real model: what was said is found again, in three languages, and nothing else is."""

import pytest
from kept_conversations import keep, stranger_in
from kept_memories import ASKED, NOTHING, SAID

from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.recall.recall import Recall
from appliance.store import people
from appliance.store.database import Database

DAY = 86400


async def test_what_was_said_is_found_again_and_nobody_elses_secret(tmp_path):
    database = await Database.open(tmp_path / "appliance.sqlite3")
    computing = Computing(NO_TURNS)
    models = EmbeddingModels(computing)
    indexer = Indexer(database, models, EmbeddingModel("multilingual", 384))
    recall = Recall(database, models)
    async with database.write() as tx:
        person = await people.local_person(tx)
    stranger = await stranger_in(database)
    for texts in SAID.values():
        for text in texts:
            await keep(database, person, text[:20], text)
    await keep(database, stranger, "Secret", "My sister Mina lives in Reykjavik now, tell nobody.")
    await indexer.work_off()

    for language, asked in ASKED.items():
        found = [
            any(answer in each.text for each in await recall.search(person, question, 5))
            for question, answer in asked
        ]
        assert sum(found) / len(found) >= 0.9, (language, found)
    for question, _ in ASKED["en"]:
        assert all("Reykjavik" not in each.text for each in await recall.search(person, question))
    (secret, *_) = await recall.search(stranger, "Where does my sister live?")
    assert "Reykjavik" in secret.text
    recalled = {question: await recall.search(person, question) for question in NOTHING}
    assert sum(not found for found in recalled.values()) >= 0.8 * len(NOTHING), recalled
    # Greetings, thanks and what is no word recall nothing at all.
    assert not any(recalled[question] for question in NOTHING[:6])
    # An update: both are there, the newer one first.
    await keep(database, person, "Later", "I changed my job: now I work as a baker.", at=9 * 10**9)
    await indexer.work_off()
    texts = [each.text for each in await recall.search(person, "Where do I work, what is my job?")]
    assert texts[0].startswith("I changed my job: now")
    computing.close()
    await database.close()


@pytest.mark.parametrize("text", ["", "x" * 50_000, "\0", "안" * 3_000, "🎈", "' OR 1=1 --"])
async def test_the_model_takes_whatever_a_person_may_say(text):
    model = EmbeddingModel("multilingual", 384)
    computing = Computing(NO_TURNS)
    vector = await EmbeddingModels(computing).query(model, text)
    assert vector is None or len(vector) == 384
    computing.close()
