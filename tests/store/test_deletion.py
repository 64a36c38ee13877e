"""Delete means delete: nothing is left of what was deleted, in whatever order it went."""

import random

import pytest
from kept_conversations import add

from appliance.store import conversations


def invented(chance, count):
    """Words that nothing else has in it."""
    return " ".join(f"{chance.getrandbits(32):08x}" for _ in range(count))


@pytest.mark.parametrize("seed", [5, 11])
async def test_rows_that_were_moved_by_others_leave_nothing_behind(database, path, person, seed):
    """With `secure_delete` alone both seeds leave a piece of a message in the middle of a page."""
    chance = random.Random(seed)
    standing = []
    for _ in range(120):
        if chance.random() < 0.55 or not standing:
            canary = f"zq{chance.getrandbits(64):016x}"
            texts = [
                f"{canary} {invented(chance, chance.choice([3, 10, 60, 300]))}"
                for _ in range(chance.randint(1, 6))
            ]
            async with database.write() as tx:
                standing.append(((await add(tx, person, f"t {canary}", *texts))[0], canary))
            continue
        conversation, canary = standing.pop(chance.randrange(len(standing)))
        async with database.write() as tx:
            await conversations.delete(tx, person.person_key, conversation.conversation_id)
        assert await database.truncate_wal()
        assert canary.encode() not in path.read_bytes()


@pytest.mark.parametrize(("most_bytes", "is_anew"), [(1 << 30, True), (1, False)])
async def test_a_database_is_written_anew_only_up_to_a_size(
    database, person, monkeypatch, most_bytes, is_anew
):
    monkeypatch.setattr("appliance.store.database.MOST_BYTES_ANEW", most_bytes)
    async with database.write() as tx:
        conversation = (await add(tx, person, "Long", *["rice " * 20_000] * 3))[0]
    async with database.write() as tx:
        await conversations.delete(tx, person.person_key, conversation.conversation_id)
    assert await database.truncate_wal()
    async with database.read() as reader:
        ((free_pages,),) = await reader.execute_fetchall("PRAGMA freelist_count")
    assert (free_pages == 0) is is_anew
