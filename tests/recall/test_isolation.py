"""Whatever happens, in whatever order: nobody's question ever brings back what is another's."""

import random

import pytest
from kept_conversations import add, stranger_in

from appliance.conversations.conversation import Person
from appliance.store import chunks, conversations
from appliance.store.chunks import Passage


@pytest.mark.parametrize("seed", range(4))
async def test_nobody_ever_gets_what_is_anothers(remembering, person, seed):
    chance = random.Random(seed)
    database, indexer = remembering.database, remembering.indexer
    crowd = [person, *[await stranger_in(database) for _ in range(2)]]
    standing: list[tuple[Person, str]] = []
    for number in range(40):
        who = chance.choice(crowd)
        act = chance.choice(["say", "say", "say", "file", "delete", "leave", "index", "anew"])
        async with database.write() as tx:
            key = who.person_key
            mine = [each for each in standing if each[0] is who]
            match act:
                case "say":
                    told = f"zeppelin of {key} number {number}"
                    kept, _ = await add(tx, who, f"t{number}", told, f"nice zeppelin of {key}")
                    standing.append((who, kept.conversation_id))
                case "file":
                    await chunks.insert_of_document(
                        tx, key, number, [Passage(1, f"paper zeppelin of {key}")], 1
                    )
                case "delete" if mine:
                    standing.remove(gone := chance.choice(mine))
                    await conversations.delete(tx, key, gone[1])
                case "leave" if mine:
                    await chunks.set_recalled(
                        tx, key, chance.choice(mine)[1], chance.random() < 0.5
                    )
        if act == "anew":
            await indexer.begin_anew()
        if act == "index":
            await indexer.work_off()
        for asking in crowd:
            theirs = {each[1] for each in standing if each[0] is asking}
            for found in await remembering.recall.search(
                asking,
                "zeppelin of 1 2 3 number",
                20,
                conversation=chance.choice(standing)[1] if standing else None,
                has_floor=False,
            ):
                assert f"zeppelin of {asking.person_key}" in found.text
                for beside in filter(None, (found.before, found.after)):
                    assert f"zeppelin of {asking.person_key}" in beside
                assert found.source.conversation_id in theirs
