"""What a search costs, in questions to the database: it does not grow with what there is."""

from kept_conversations import add

from appliance.store.database import Database


async def statements_of(database: Database, search) -> list[str]:
    """What a search asks, without what FTS5 and vec0 ask themselves for it."""
    asked: list[str] = []
    readers = [await database._idle.get() for _ in range(2)]
    for reader in readers:
        await reader.set_trace_callback(asked.append)
        database._idle.put_nowait(reader)
    await search()
    for reader in readers:
        await reader.set_trace_callback(None)
    return [each for each in asked if not each.lstrip().startswith("--")]


async def test_a_search_asks_the_same_of_a_large_memory_as_of_a_small_one(remembering, person):
    counts, found = [], []
    for number in range(3):
        for talk in range(1 + 20 * number):
            said = [f"zeppelin {number} {talk} {at} lands" for at in range(4)]
            async with remembering.database.write() as tx:
                await add(tx, person, "Air", *said)
        await remembering.indexer.work_off()

        async def search():
            found.append(await remembering.recall.search(person, "Which zeppelin lands?", 4))

        counts.append(len(await statements_of(remembering.database, search)))
    assert [len(each) for each in found] == [4, 4, 4]
    assert max(counts) <= 18, counts
