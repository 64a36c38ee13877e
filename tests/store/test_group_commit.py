import asyncio

import pytest

from appliance.conversations.conversation import Conversation, new_id
from appliance.errors import StoreError
from appliance.store import conversations
from appliance.store.database import Database
from appliance.store.group_commit import GROUP_LIMIT


@pytest.fixture
def add(database, person):
    """Writes one conversation of that title, in a ticket of its own."""

    async def add(title: str, conversation_id: str | None = None) -> str:
        conversation = Conversation(conversation_id or new_id(), title, 1, 1)
        async with database.write() as tx:
            await conversations.insert(tx, person.person_key, conversation)
        return title

    return add


@pytest.fixture
def titles(database, person):
    async def titles() -> set[str]:
        async with database.read() as reader:
            listed = await conversations.list_recent(reader, person.person_key, 10_000)
        return {conversation.title for conversation in listed}

    return titles


async def test_32_writers_share_their_commits(database, add, titles):
    before = database.commits

    async def writer(number: int) -> None:
        for turn in range(4):
            await add(f"{number}.{turn}")

    await asyncio.gather(*(writer(number) for number in range(32)))
    assert len(await titles()) == 128
    assert database.commits - before <= 16


async def test_a_group_has_its_limit(database, add, titles):
    before = database.commits
    await asyncio.gather(*(add(str(number)) for number in range(GROUP_LIMIT + 40)))
    assert len(await titles()) == GROUP_LIMIT + 40
    assert database.commits - before == 2


async def test_one_bad_write_in_a_group_fails_alone(database, add, titles):
    taken = new_id()
    await add("first", taken)
    before = database.commits
    outcomes = await asyncio.gather(add("a"), add("bad", taken), add("b"), return_exceptions=True)
    assert outcomes[0] == "a" and outcomes[2] == "b"
    assert isinstance(outcomes[1], StoreError)
    assert database.commits - before == 1
    assert await titles() == {"first", "a", "b"}


async def test_a_body_that_raises_takes_back_all_it_wrote(database, person, add, titles):
    with pytest.raises(LookupError):
        async with database.write() as tx:
            await conversations.insert(tx, person.person_key, Conversation(new_id(), "no", 1, 1))
            raise LookupError
    await add("yes")
    assert await titles() == {"yes"}


async def test_writes_are_granted_in_the_order_in_which_they_came(database):
    order: list[int] = []

    async def writer(number: int) -> None:
        async with database.write():
            order.append(number)

    await asyncio.gather(*(writer(number) for number in range(50)))
    assert order == list(range(50))


async def test_nobody_is_answered_before_the_commit(database, add):
    """While one body of the group is still running, the others of it have no answer."""
    inside, leave = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with database.write():
            inside.set()
            await leave.wait()

    quick = asyncio.create_task(add("quick"))
    slow_task = asyncio.create_task(slow())
    await inside.wait()
    assert not quick.done()
    leave.set()
    await asyncio.gather(quick, slow_task)


async def test_a_writer_cancelled_in_its_body_leaves_nothing_and_blocks_no_one(
    database, person, add, titles
):
    inside = asyncio.Event()

    async def cancelled() -> None:
        async with database.write() as tx:
            await conversations.insert(tx, person.person_key, Conversation(new_id(), "x", 1, 1))
            inside.set()
            await asyncio.Event().wait()

    before = asyncio.create_task(add("before"))
    task = asyncio.create_task(cancelled())
    after = asyncio.create_task(add("after"))
    await inside.wait()
    task.cancel()
    await asyncio.gather(before, after)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await titles() == {"before", "after"}


async def test_a_writer_cancelled_while_its_statement_runs_leaves_nothing(
    database, person, add, titles
):
    """The statement goes on in the connection's thread; what it wrote is taken back behind it."""
    started = asyncio.Event()
    slow_insert = """
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO people (person_id, name, created_at) SELECT 'p' || i, 'x', 0 FROM n
    """

    async def cancelled() -> None:
        async with database.write() as tx:
            started.set()
            await tx.execute(slow_insert)

    task = asyncio.create_task(cancelled())
    await started.wait()
    task.cancel()
    await add("after")
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.read() as reader:
        assert list(await reader.execute_fetchall("SELECT count(*) FROM people")) == [(1,)]
    assert await titles() == {"after"}


async def test_a_writer_cancelled_while_it_waits_for_its_turn_is_passed_over(database, add, titles):
    inside, leave = asyncio.Event(), asyncio.Event()

    async def holder() -> None:
        async with database.write():
            inside.set()
            await leave.wait()

    holding = asyncio.create_task(holder())
    await inside.wait()
    waiting = asyncio.create_task(add("never"))
    behind = asyncio.create_task(add("behind"))
    await asyncio.sleep(0)  # Both stand in the queue now.
    waiting.cancel()
    leave.set()
    await asyncio.gather(holding, behind)
    assert waiting.cancelled()
    assert await titles() == {"behind"}


async def test_a_writer_cancelled_as_it_is_granted_its_turn_is_passed_over(database, add, titles):
    """Cancelled at every possible moment, it either wrote or did not, and others always did."""
    for steps in range(12):
        task = asyncio.create_task(add(f"maybe {steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await add(f"sure {steps}")
    assert {title for title in await titles() if title.startswith("sure")} == {
        f"sure {steps}" for steps in range(12)
    }


async def test_a_write_inside_a_write_is_a_mistake_that_shows(database, add, titles):
    with pytest.raises(AssertionError):
        async with database.write(), database.write():
            pass
    await add("works")
    assert await titles() == {"works"}


async def test_a_body_may_fail_and_its_task_may_write_again_at_once(add, titles):
    taken = new_id()
    await add("first", taken)
    for _ in range(3):
        with pytest.raises(StoreError):
            await add("bad", taken)
        await add("good")
    assert await titles() == {"first", "good"}


async def test_closing_lets_waiting_writes_finish(path, database, add):
    writes = [asyncio.create_task(add(str(number))) for number in range(20)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)
    with pytest.raises(StoreError):
        await add("too late")
    with pytest.raises(StoreError):
        async with database.read():
            pass
    again = await Database.open(path)
    async with again.read() as reader:
        rows = await reader.execute_fetchall("SELECT count(*) FROM conversations")
        assert list(rows) == [(20,)]
    await again.close()
