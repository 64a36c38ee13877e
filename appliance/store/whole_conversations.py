"""Whole conversations, out in pages and in at one go: for export and import.

The one file that reaches over several tables, because a conversation goes in as one or not at all.
Pages are read by key, each in a moment of its own: a slow download holds no connection, and what is
said after its beginning is not in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import Conversation, Message, Role, Summary
from appliance.conversations.fact import Fact
from appliance.conversations.turn import Turn
from appliance.errors import Conflict
from appliance.store import (
    conversations,
    facts,
    message_terms,
    messages,
    summaries,
    title_terms,
    turns,
)
from appliance.store.cells import CHECKPOINT, CONTENT, ERROR, PROMPT_RECORD, SAMPLING, TITLE
from appliance.store.rows import Row, all_rows, changed_rows, first_row

OUTLINE = f"""
SELECT ifnull((SELECT max(message_key) FROM messages m
               WHERE m.conversation_key = c.conversation_key), 0),
    ifnull((SELECT max(turn_key) FROM turns t
            WHERE t.conversation_key = c.conversation_key), 0),
    {conversations.COLUMNS}
FROM conversations c {conversations.JOINS}
WHERE c.person_key = ? AND c.conversation_id = ?
"""

# The key of a conversation is looked up once, so that the rows come in order from its index.
OWN_KEY = """
(SELECT conversation_key FROM conversations WHERE person_key = ?1 AND conversation_id = ?2)
"""
MESSAGES = f"""
SELECT m.message_key, {messages.COLUMNS} FROM messages m {messages.JOINS}
WHERE m.conversation_key = {OWN_KEY} AND m.message_key > ?3 AND m.message_key <= ?4
ORDER BY m.message_key LIMIT ?5
"""
TURNS = f"""
SELECT t.turn_key, {turns.COLUMNS} FROM turns t {turns.JOINS}
WHERE t.conversation_key = {OWN_KEY} AND t.turn_key > ?3 AND t.turn_key <= ?4
ORDER BY t.turn_key LIMIT ?5
"""

# The branch as ids alone: short enough to hold, however long its texts are.
BRANCH_IDS = """
WITH RECURSIVE walk (message_key, parent_key, message_id) AS (
    SELECT leaf.message_key, leaf.parent_key, leaf.message_id
    FROM messages leaf JOIN conversations c ON c.conversation_key = leaf.conversation_key
    WHERE leaf.message_id = ?3 AND leaf.person_key = ?1 AND c.conversation_id = ?2
    UNION ALL
    SELECT m.message_key, m.parent_key, m.message_id
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
)
SELECT message_id FROM walk ORDER BY message_key
"""
BY_IDS = f"""
SELECT {messages.COLUMNS}
FROM json_each(?2) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
{messages.JOINS}
ORDER BY wanted.key
"""

# Its place in the list is beside those of its time, not before all.
INSERT_CONVERSATION = f"""
INSERT INTO conversations (person_key, conversation_id, title, created_at, updated_at, titled_by,
                           is_pinned, is_archived, is_recalled, folder_key, activity)
SELECT ?1, ?2, {TITLE.written("?1", "?2", "?3")}, ?4, ?5, ?6, ?7, ?8, ?10,
    (SELECT folder_key FROM folders WHERE folder_id = ?9 AND person_key = ?1),
    ifnull((SELECT max(activity) FROM conversations
            WHERE person_key = ?1 AND updated_at <= ?5), 0)
RETURNING conversation_key
"""
INSERT_MESSAGE = f"""
INSERT INTO messages (message_id, person_key, conversation_key, parent_key,
                      role, content, created_at)
VALUES (?1, ?2, ?3, (SELECT message_key FROM messages
                     WHERE message_id = ?4 AND conversation_key = ?3), ?5,
        {CONTENT.written("?2", "?1", "?6")}, ?7)
"""
INSERT_TURN = f"""
INSERT INTO turns (turn_id, person_key, conversation_key, input_message_key, reply_message_key,
                   status, created_at, checkpoint, finish_reason, error, seed, sampling,
                   model_sha256, prompt_record, prompt_tokens, completion_tokens, cached_tokens,
                   queue_ms, ttft_ms, decode_ms, prefill_ms, drafted_tokens, accepted_tokens,
                   attempts)
VALUES (?1, ?2, ?3,
        (SELECT message_key FROM messages WHERE message_id = ?4 AND conversation_key = ?3),
        (SELECT message_key FROM messages WHERE message_id = ?5 AND conversation_key = ?3),
        ?6, ?7, {CHECKPOINT.written("?2", "?1", "?8")}, ?9, {ERROR.written("?2", "?1", "?10")}, ?11,
        {SAMPLING.written("?2", "?1", "?12")}, ?13, {PROMPT_RECORD.written("?2", "?1", "?14")},
        ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)
"""
SET_LEAF = """
UPDATE conversations
SET leaf_key = (SELECT message_key FROM messages WHERE message_id = ?2 AND conversation_key = ?1)
WHERE conversation_key = ?1
"""


@dataclass(frozen=True, slots=True)
class Outline:
    """A conversation at one moment: the keys of its last message and last turn bound the pages."""

    conversation: Conversation
    last_message_key: int
    last_turn_key: int


async def ids(reader: Connection, person_key: int, limit: int | None = None) -> tuple[str, ...]:
    """The conversations of this person, all or so many, the one longest unused first."""
    rows = await all_rows(
        reader,
        "SELECT conversation_id FROM conversations WHERE person_key = ? "
        "ORDER BY activity, conversation_key LIMIT ?",
        (person_key, -1 if limit is None else limit),
    )
    return tuple(row[0] for row in rows)


async def outline(reader: Connection, person_key: int, conversation_id: str) -> Outline | None:
    """This person's conversation, and how far it goes now."""
    row = await first_row(reader, OUTLINE, (person_key, conversation_id))
    return Outline(conversations.conversation_of(row[2:]), row[0], row[1]) if row else None


async def message_page(
    reader: Connection, person_key: int, of: Outline, after_key: int, limit: int
) -> tuple[tuple[int, Message], ...]:
    """Messages of all branches in the order they came, each with its key."""
    bounds = (person_key, of.conversation.conversation_id, after_key, of.last_message_key, limit)
    return tuple((row[0], _message(row[1:])) for row in await all_rows(reader, MESSAGES, bounds))


async def turn_page(
    reader: Connection, person_key: int, of: Outline, after_key: int, limit: int
) -> tuple[tuple[int, Turn], ...]:
    """Every turn in the order they came, each with its key."""
    bounds = (person_key, of.conversation.conversation_id, after_key, of.last_turn_key, limit)
    rows = await all_rows(reader, TURNS, bounds)
    return tuple((row[0], turns.turn_of(row[1:])) for row in rows)


async def summary_page(
    reader: Connection, person_key: int, of: Outline, after_key: int, limit: int
) -> tuple[tuple[int, Summary], ...]:
    """Summaries of all branches, as far as there are any now, each with its key."""
    conversation_id = of.conversation.conversation_id
    return await summaries.page(reader, person_key, conversation_id, after_key, limit)


async def fact_page(
    reader: Connection, person_key: int, of: Outline, after_key: int, limit: int
) -> tuple[tuple[int, Fact], ...]:
    """What is remembered of the person from this conversation, each with its key."""
    return await facts.page(reader, person_key, of.conversation.conversation_id, after_key, limit)


async def branch_ids(reader: Connection, person_key: int, of: Conversation) -> tuple[str, ...]:
    """The messages of the branch being read, oldest first."""
    rows = await all_rows(reader, BRANCH_IDS, (person_key, of.conversation_id, of.leaf_id))
    return tuple(row[0] for row in rows)


async def count_messages(reader: Connection, person_key: int, conversation_id: str) -> int:
    """How many messages all branches have together."""
    row = await first_row(
        reader,
        "SELECT count(*) FROM messages m JOIN conversations c USING (conversation_key) "
        "WHERE c.person_key = ? AND c.conversation_id = ?",
        (person_key, conversation_id),
    )
    return int(row[0]) if row else 0


async def messages_by_ids(
    reader: Connection, person_key: int, message_ids: Sequence[str]
) -> tuple[Message, ...]:
    """Those of them that are this person's and still there, in the order asked for."""
    wanted = msgspec.json.encode(list(message_ids)).decode()
    return tuple(_message(row) for row in await all_rows(reader, BY_IDS, (person_key, wanted)))


async def insert(
    tx: Connection,
    person_key: int,
    conversation: Conversation,
    said: Sequence[Message],
    ended: Sequence[Turn] = (),
    summed_up: Sequence[Summary] = (),
    learnt: Sequence[Fact] = (),
) -> None:
    """Adds a conversation with all it holds, in a folder that is there; parents must stand before
    their children.

    Conflict when one of the ids is in use, whoever has it; the block must be left then.
    """
    try:
        row = await first_row(tx, INSERT_CONVERSATION, _conversation_row(person_key, conversation))
        assert row is not None, "an INSERT that does not fail returns its row"
        key = row[0]
        await tx.executemany(INSERT_MESSAGE, _message_rows(person_key, key, said))
        await tx.executemany(INSERT_TURN, _turn_rows(person_key, key, ended))
        await changed_rows(tx, SET_LEAF, (key, conversation.leaf_id))
        await summaries.insert_all(tx, person_key, summed_up)
        await facts.insert_all(tx, person_key, learnt)
        await message_terms.index(tx, person_key, [message.message_id for message in said])
        await title_terms.index(tx, person_key, conversation.conversation_id)
    except sqlite.IntegrityError as error:
        raise Conflict("Some of these ids are in use on this box already.") from error


def _conversation_row(person_key: int, conversation: Conversation) -> Row:
    return (
        *(person_key, conversation.conversation_id, conversation.title),
        *(conversation.created_at, conversation.updated_at, conversation.titled_by.value),
        *(conversation.is_pinned, conversation.is_archived),
        conversation.folder.folder_id if conversation.folder else None,
        conversation.is_recalled,
    )


def _message_rows(person_key: int, key: int, said: Sequence[Message]) -> Iterator[Row]:
    for each in said:
        yield (
            *(each.message_id, person_key, key, each.parent_id),
            *(each.role.value, each.content, each.created_at),
        )


def _turn_rows(person_key: int, key: int, ended: Sequence[Turn]) -> Iterator[Row]:
    for turn in ended:
        assert turn.status.is_final
        yield (
            *(turn.turn_id, person_key, key, turn.input_message_id, turn.reply_message_id),
            *(turn.status.value, turn.created_at, *turns.ending_of(turn), turn.attempts),
        )


def _message(row: Row) -> Message:
    message_id, conversation_id, parent_id, role, content, created_at = row
    return Message(message_id, conversation_id, parent_id, Role(role), content, created_at)
