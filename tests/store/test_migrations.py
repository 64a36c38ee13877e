import pytest
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import TitledBy
from appliance.conversations.turn import TurnCounts
from appliance.errors import StoreError, StoreRefused
from appliance.store import conversations, opening, turns
from appliance.store.database import Database
from appliance.store.migrations import MIGRATIONS, migrate
from appliance.store.shapes.m001_conversations import M001
from appliance.store.shapes.migration import Migration

M002 = Migration(2, "m002_try", "Only for this test.", ("ALTER TABLE people ADD COLUMN mood TEXT",))
BROKEN = Migration(
    2,
    "m002_broken",
    "Its second statement fails.",
    ("CREATE TABLE half (x TEXT)", "CREATE TABLE half (x TEXT)"),
)


@pytest.fixture
async def connection(path):
    opening.prepare_file(path)
    connection = await opening.open_writer(path)
    yield connection
    await connection.close()


async def ledger(connection):
    rows = await connection.execute_fetchall("SELECT number, name FROM schema_migrations")
    return list(rows)


def test_migrations_are_numbered_in_order_and_say_why():
    assert [step.number for step in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    for step in MIGRATIONS:
        assert step.name.startswith(f"m{step.number:03}_")
        assert step.why.endswith(".")


async def test_a_blank_database_gets_every_migration_once(connection):
    await migrate(connection)
    await migrate(connection)
    assert await ledger(connection) == [(step.number, step.name) for step in MIGRATIONS]


async def test_an_older_database_gets_what_it_lacks(connection):
    await migrate(connection, (M001,))
    await connection.execute("INSERT INTO people VALUES (1, 'id', 'you', 0)")
    await migrate(connection, (M001, M002))
    rows = await connection.execute_fetchall("SELECT name, mood FROM people")
    assert list(rows) == [("you", None)]
    assert await ledger(connection) == [(1, M001.name), (2, M002.name)]


async def columns(connection, table):
    rows = await connection.execute_fetchall(f"PRAGMA table_info({table})")
    return [tuple(row)[1:5] for row in rows]


async def test_the_oldest_database_becomes_the_same_as_a_blank_one(tmp_path):
    shapes = []
    for name, first in (("blank", MIGRATIONS), ("oldest", (M001,))):
        opening.prepare_file(tmp_path / name)
        connection = await opening.open_writer(tmp_path / name)
        await migrate(connection, first)
        await migrate(connection)
        tables = await connection.execute_fetchall(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        )
        shapes.append({table: await columns(connection, table) for (table,) in tables})
        await connection.close()
    assert shapes[0] == shapes[1]
    assert {"prefill_ms", "drafted_tokens"} <= {name for name, *_ in shapes[0]["turns"]}


async def test_turns_of_the_oldest_database_are_read_with_nothing_in_the_new_counts(path):
    opening.prepare_file(path)
    connection = await opening.open_writer(path)
    await migrate(connection, (M001,))
    for statement in (
        "INSERT INTO people VALUES (1, 'p', 'you', 0)",
        "INSERT INTO conversations VALUES (1, 'c', 1, 'Tea', NULL, 1, 0, 0)",
        "INSERT INTO messages VALUES (1, 'm', 1, 1, NULL, 'user', 0, NULL, 'why?')",
        "INSERT INTO turns VALUES (1, 't', 1, 1, 1, NULL, 'finished', 0, 'stop', NULL, 7, 'abc',"
        " 10, 5, 3, 1, 20, 80, 1, '{}', '{}', '')",
    ):
        await connection.execute(statement)
    await connection.close()
    database = await Database.open(path)
    async with database.read() as reader:
        turn = await turns.find(reader, 1, "t")
    await database.close()
    assert turn is not None
    assert turn.counts == TurnCounts(10, 5, 3, queue_ms=1, ttft_ms=20, decode_ms=80)
    assert turn.attempts == 1


async def test_titles_of_the_oldest_database_count_as_the_persons_own(path):
    opening.prepare_file(path)
    connection = await opening.open_writer(path)
    await migrate(connection, (M001,))
    for statement in (
        "INSERT INTO people VALUES (1, 'p', 'you', 0)",
        "INSERT INTO conversations VALUES (1, 'c', 1, 'Tea', NULL, 1, 0, 0)",
    ):
        await connection.execute(statement)
    await connection.close()
    database = await Database.open(path)
    async with database.write() as tx:
        found = await conversations.find(tx, 1, "c")
        assert not await conversations.title_by_model(tx, 1, "c", "Coffee")
    await database.close()
    assert found is not None and found.titled_by is TitledBy.PERSON


async def test_a_migration_that_fails_leaves_the_database_as_it_was(connection):
    await migrate(connection, (M001,))
    with pytest.raises(sqlite.OperationalError):
        await migrate(connection, (M001, BROKEN))
    assert await ledger(connection) == [(1, M001.name)]
    tables = await connection.execute_fetchall("SELECT name FROM sqlite_schema")
    assert ("half",) not in list(tables)


async def test_a_newer_database_is_refused_and_left_alone(path, database):
    async with database.write() as tx:
        await tx.execute("INSERT INTO schema_migrations VALUES (99, 'm099_future', 0)")
    await database.close()
    before = path.read_bytes()
    with pytest.raises(StoreRefused, match=r"newer version.*install"):
        await Database.open(path)
    assert path.read_bytes() == before


async def test_a_message_never_hangs_under_a_later_one(database, person, conversation):
    """The walk to the root ends because the schema says so."""
    with pytest.raises(StoreError):
        async with database.write() as tx:
            await tx.execute(
                "INSERT INTO messages (message_key, message_id, person_key, conversation_key,"
                " parent_key, role, created_at, content) VALUES (5, 'm', ?, 1, 5, 'user', 0, '')",
                (person.person_key,),
            )
