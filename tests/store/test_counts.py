"""What a query costs, counted: statements, scans, and steps of SQLite's virtual machine."""

import pytest
from pysqlite3 import dbapi2 as sqlite

from appliance.store import (
    conversations,
    message_terms,
    message_tree,
    messages,
    search,
    shared_links,
    title_terms,
    turns,
)

LONG, SHORT = 10_000, 200
ASKED_FOR = (
    *("SCAN walk", "SCAN wanted", "SCAN below", "SCAN oldest", "SCAN asked", "SCAN found"),
    *("SCAN message_terms V", "SCAN title_terms V"),
)


class Statements:
    """Every statement that the reader ran."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, statement: str) -> None:
        self.seen.append(statement)


@pytest.fixture
async def long_chain(database, person, conversation, say):
    chain = [say("message 0")]
    for number in range(1, LONG):
        chain.append(say(f"message {number}", after=chain[-1]))
    async with database.write() as tx:
        await tx.executemany(
            """
            INSERT INTO messages (message_id, person_key, conversation_key, parent_key,
                                  role, created_at, content)
            SELECT ?1, c.person_key, c.conversation_key, parent.message_key, 'user', ?3, ?4
            FROM conversations c LEFT JOIN messages parent ON parent.message_id = ?2
            """,
            [(m.message_id, m.parent_id, m.created_at, m.content) for m in chain],
        )
    return chain


def steps_of(path, sql, parameters) -> int:
    """Steps in tens, for one query on a connection of its own."""
    connection = sqlite.connect(str(path), isolation_level=None)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.create_function("unseal", 4, lambda *given: None)
    connection.set_progress_handler(count, 10)
    connection.execute(sql, parameters).fetchall()
    connection.close()
    return steps


async def test_the_newest_50_of_10000_messages_are_one_query(
    database, person, conversation, long_chain
):
    statements = Statements()
    async with database.read() as reader:
        await reader.set_trace_callback(statements)
        branch = await messages.branch(
            reader,
            person.person_key,
            conversation.conversation_id,
            long_chain[-1].message_id,
            limit=50,
        )
        await reader.set_trace_callback(None)
    assert branch == tuple(long_chain[-50:])
    assert len(statements.seen) == 1


async def test_the_newest_50_cost_the_same_in_a_long_and_a_short_branch(
    database, path, person, conversation, long_chain
):
    def parameters(leaf):
        return (person.person_key, conversation.conversation_id, leaf.message_id, 50)

    long = steps_of(path, messages.BRANCH, parameters(long_chain[-1]))
    short = steps_of(path, messages.BRANCH, parameters(long_chain[SHORT - 1]))
    assert long <= short + 1
    whole = (*parameters(long_chain[-1])[:3], -1)
    assert steps_of(path, messages.BRANCH, whole) > 50 * long


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        (messages.BRANCH, 4),
        (messages.LENGTH, 3),
        (messages.EXTEND, 3),
        (messages.CLOSE_THE_GAP, 2),
        (messages.DELETE_PAIR, 2),
        (messages.DELETE_ALL, 2),
        (message_tree.SINCE, 6),
        (message_tree.SIBLINGS, 3),
        (message_tree.CHILDREN, 2),
        (message_tree.NEWEST_LEAF, 2),
        (message_tree.OLDEST, 2),
        (message_tree.NEWEST, 2),
        (turns.DELETE_TRIES, 2),
        (messages.SELECT + "WHERE m.message_id = ? AND m.person_key = ?", 2),
        (messages.SELECT + "WHERE m.person_key = ? AND m.client_message_id = ?", 2),
        (conversations.SELECT + "WHERE c.conversation_id = ? AND c.person_key = ?", 2),
        (conversations.LISTED, 2),
        (conversations.SHELF, 5),
        (search.MESSAGES, 4),
        (search.TITLES, 3),
        (search.ANY, 2),
        (search.NEWEST_KEYS, 2),
        (search.OF_KEYS, 2),
        (search.NEWEST_TITLES, 2),
        (message_terms.INDEX, 2),
        (message_terms.UNINDEX, 2),
        (message_terms.UNINDEX_CONVERSATION, 2),
        (title_terms.INDEX, 2),
        (message_terms.INDEX_CONVERSATION, 2),
        (message_terms.UNINDEX_PERSON, 1),
        (message_terms.INDEX_PERSON, 1),
        (title_terms.INDEX_PERSON, 1),
        (title_terms.UNINDEX, 2),
        (title_terms.UNINDEX_PERSON, 1),
        ("UPDATE conversations SET folder_key = NULL WHERE folder_key = ?", 1),
        (turns.SELECT + "WHERE t.turn_id = ? AND t.person_key = ?", 2),
        (turns.SELECT + f"WHERE c.conversation_id = ? AND t.person_key = ? AND {turns.OPEN}", 2),
        (turns.TRIES, 3),
        (shared_links.MINE, 2),
        (shared_links.OF_CONVERSATION, 3),
        (shared_links.COPY, 3),
        (shared_links.OPEN, 2),
        (shared_links.PAGE, 3),
        (shared_links.SHOWING, 2),
        ("DELETE FROM shared_links WHERE expires_at <= ?", 1),
        ("DELETE FROM shared_links WHERE person_key = ?", 1),
        ("DELETE FROM shared_messages WHERE message_key = ?", 1),
        ("DELETE FROM messages WHERE conversation_key = ?", 1),
        ("DELETE FROM turns WHERE conversation_key = ?", 1),
    ],
)
async def test_no_query_scans_a_table(database, sql, count):
    async with database.write() as tx:  # The writer knows `terms_of`.
        plan = await tx.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", (None,) * count)
    details = [row[3] for row in plan]
    # The walk itself, the list of wanted ids, what a search found and its index are what is asked
    # for, not tables.
    scans = [line for line in details if line.startswith("SCAN")]
    assert [line for line in scans if not line.startswith(ASKED_FOR)] == []


async def test_the_list_of_conversations_needs_no_sorting(database):
    async with database.read() as reader:
        plan = await reader.execute_fetchall(f"EXPLAIN QUERY PLAN {conversations.LISTED}", (1, 1))
    assert not [row for row in plan if "TEMP B-TREE" in row[3]]


@pytest.mark.parametrize(("sql", "count"), [(turns.UNFINISHED, 0), (turns.UNFINISHED_OF, 1)])
async def test_open_turns_are_found_by_their_own_index(database, sql, count):
    async with database.read() as reader:
        plan = await reader.execute_fetchall(f"EXPLAIN QUERY PLAN {sql}", (None,) * count)
    assert [row for row in plan if "USING INDEX turns_open" in row[3]]
