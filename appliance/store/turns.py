"""The table `turns`: each model call, from its acceptance to its end."""

from collections.abc import Collection, Mapping

import msgspec
from aiosqlite import Connection
from pysqlite3 import dbapi2 as sqlite

from appliance.conversations.conversation import Person
from appliance.conversations.turn import Turn, TurnCounts, TurnStatus
from appliance.errors import Conflict, NotFound
from appliance.sentences import say
from appliance.store.cells import CHECKPOINT, ERROR, PROMPT_RECORD, SAMPLING, seal_of
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
t.turn_id, c.conversation_id, input.message_id, reply.message_id, t.status, t.created_at,
{CHECKPOINT.read("t")}, t.finish_reason, {ERROR.read("t")}, t.seed, {SAMPLING.read("t")},
t.model_sha256, {PROMPT_RECORD.read("t")},
t.prompt_tokens, t.completion_tokens, t.cached_tokens, t.queue_ms, t.ttft_ms, t.decode_ms,
t.prefill_ms, t.drafted_tokens, t.accepted_tokens, t.attempts
"""
JOINS = """
JOIN conversations c ON c.conversation_key = t.conversation_key
JOIN messages input ON input.message_key = t.input_message_key
LEFT JOIN messages reply ON reply.message_key = t.reply_message_key
"""
SELECT = f"SELECT {COLUMNS} FROM turns t {JOINS}"
# Spelled as in the index `turns_open`, which SQLite uses only for the very same condition.
OPEN = "t.status IN ('waiting', 'running')"

UNFINISHED = f"""
SELECT {COLUMNS}, person.person_key, person.person_id, person.name
FROM turns t INDEXED BY turns_open {JOINS}
JOIN people person ON person.person_key = t.person_key
WHERE {OPEN} AND {seal_of("t.person_key")} IS NULL ORDER BY t.turn_key
"""
UNFINISHED_OF = f"""
SELECT {COLUMNS} FROM turns t INDEXED BY turns_open {JOINS}
WHERE {OPEN} AND t.person_key = ? ORDER BY t.turn_key
"""

NEW_CHECKPOINT = CHECKPOINT.written("?1", "?2", "?3")

# The tries at some messages. CROSS JOIN keeps the order: the few ids first, each by its index.
OF_MESSAGES = """
FROM json_each(?3) wanted
CROSS JOIN messages input ON input.message_id = wanted.value AND input.person_key = ?1
CROSS JOIN turns t INDEXED BY turns_by_input_message
    ON t.input_message_key = input.message_key AND t.person_key = ?1
CROSS JOIN conversations c
    ON c.conversation_key = t.conversation_key AND c.conversation_id = ?2
LEFT JOIN messages reply ON reply.message_key = t.reply_message_key
ORDER BY t.turn_key
"""
TRIES = f"""
SELECT {COLUMNS} {OF_MESSAGES}
"""

INSERT = f"""
INSERT INTO turns (turn_id, person_key, conversation_key, input_message_key, status, created_at,
                   checkpoint, finish_reason, error, seed, sampling, model_sha256, prompt_record,
                   prompt_tokens, completion_tokens, cached_tokens, queue_ms, ttft_ms, decode_ms,
                   prefill_ms, drafted_tokens, accepted_tokens, reply_message_key)
SELECT ?1, c.person_key, c.conversation_key, input.message_key, ?5, ?6,
       {CHECKPOINT.written("?2", "?1", "?7")}, ?8, {ERROR.written("?2", "?1", "?9")}, ?10,
       {SAMPLING.written("?2", "?1", "?11")}, ?12, {PROMPT_RECORD.written("?2", "?1", "?13")}, ?14,
       ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
       reply.message_key
FROM conversations c
JOIN messages input ON input.message_id = ?4 AND input.conversation_key = c.conversation_key
LEFT JOIN messages reply
       ON reply.message_id = ?23 AND reply.parent_key = input.message_key
WHERE c.conversation_id = ?3 AND c.person_key = ?2
"""

FINISH = f"""
UPDATE turns SET
    status = ?3, checkpoint = {CHECKPOINT.written("?2", "?1", "?4")}, finish_reason = ?5,
    error = {ERROR.written("?2", "?1", "?6")}, seed = ?7,
    sampling = {SAMPLING.written("?2", "?1", "?8")}, model_sha256 = ?9,
    prompt_record = {PROMPT_RECORD.written("?2", "?1", "?10")},
    prompt_tokens = ?11, completion_tokens = ?12,
    cached_tokens = ?13, queue_ms = ?14, ttft_ms = ?15, decode_ms = ?16, prefill_ms = ?17,
    drafted_tokens = ?18, accepted_tokens = ?19,
    reply_message_key = (SELECT message_key FROM messages reply
                         WHERE reply.message_id = ?20
                           AND reply.conversation_key = turns.conversation_key)
WHERE turn_id = ?1 AND person_key = ?2 AND status IN ('waiting', 'running')
"""

DELETE_TRIES = """
DELETE FROM turns WHERE person_key = ?1 AND input_message_key =
    (SELECT message_key FROM messages WHERE message_id = ?2 AND person_key = ?1)
RETURNING turn_id
"""


async def insert(tx: Connection, person_key: int, turn: Turn) -> None:
    """Adds a turn. NotFound unless its conversation and input message are this person's.

    Conflict when another turn of the conversation is still open.
    """
    try:
        changed = await changed_rows(
            tx,
            INSERT,
            (
                turn.turn_id,
                person_key,
                turn.conversation_id,
                turn.input_message_id,
                turn.status.value,
                turn.created_at,
                *ending_of(turn),
                turn.reply_message_id,
            ),
        )
    except sqlite.IntegrityError as error:
        if await running_in(tx, person_key, turn.conversation_id) is None:
            raise
        raise Conflict(
            say(
                "Another reply is still being written in this conversation; wait for it or stop it."
            )
        ) from error
    if changed == 0:
        raise NotFound(
            f"There is no message {turn.input_message_id} in conversation {turn.conversation_id}."
        )


async def find(reader: Connection, person_key: int, turn_id: str) -> Turn | None:
    """This person's turn of that id."""
    row = await first_row(
        reader, SELECT + "WHERE t.turn_id = ? AND t.person_key = ?", (turn_id, person_key)
    )
    return turn_of(row) if row else None


async def tries_at(
    reader: Connection, person_key: int, conversation_id: str, message_ids: Collection[str]
) -> tuple[Turn, ...]:
    """Every turn that was to answer one of these user messages, oldest first. One query."""
    wanted = msgspec.json.encode(list(message_ids)).decode()
    rows = await all_rows(reader, TRIES, (person_key, conversation_id, wanted))
    return tuple(turn_of(row) for row in rows)


async def delete_of_message(tx: Connection, person_key: int, message_id: str) -> tuple[str, ...]:
    """Deletes every turn that was to answer this message; their ids."""
    return tuple(row[0] for row in await all_rows(tx, DELETE_TRIES, (person_key, message_id)))


async def running_in(reader: Connection, person_key: int, conversation_id: str) -> Turn | None:
    """The turn of this conversation that waits or runs."""
    row = await first_row(
        reader,
        SELECT + f"WHERE c.conversation_id = ? AND t.person_key = ? AND {OPEN}",
        (conversation_id, person_key),
    )
    return turn_of(row) if row else None


async def unfinished(reader: Connection) -> tuple[tuple[Person, Turn], ...]:
    """The open turns of everybody whose account is not sealed, oldest first. For recovery alone:
    the only query without a person.
    """
    rows = await all_rows(reader, UNFINISHED, ())
    return tuple((Person(*row[-3:]), turn_of(row[:-3])) for row in rows)


async def unfinished_of(reader: Connection, person_key: int) -> tuple[Turn, ...]:
    """This person's open turns, oldest first."""
    return tuple(turn_of(row) for row in await all_rows(reader, UNFINISHED_OF, (person_key,)))


async def any_open(reader: Connection, person_key: int) -> bool:
    """Whether a reply to this person is not over; nothing of it is read."""
    sql = f"SELECT 1 FROM turns t INDEXED BY turns_open WHERE {OPEN} AND t.person_key = ?"
    return await first_row(reader, sql, (person_key,)) is not None


async def start(
    tx: Connection,
    person_key: int,
    turn_id: str,
    prompt_record: Mapping[str, object],
    model_sha256: str,
    seed: int,
) -> bool:
    """Marks the turn as running, with what it was given. False when it is not open any more."""
    changed = await changed_rows(
        tx,
        "UPDATE turns AS t SET status = 'running', "
        f"prompt_record = {PROMPT_RECORD.written('?1', '?2', '?3')}, model_sha256 = ?4, seed = ?5, "
        f"attempts = attempts + 1 WHERE turn_id = ?2 AND person_key = ?1 AND {OPEN}",
        (person_key, turn_id, _json(prompt_record), model_sha256, seed),
    )
    return changed == 1


async def checkpoint(tx: Connection, person_key: int, turn_id: str, text: str) -> bool:
    """Keeps the reply so far. False when the turn is over: a late one changes nothing.

    A reply that gets on is not what breaks the box down: attempts are counted anew from this one.
    """
    changed = await changed_rows(
        tx,
        f"UPDATE turns AS t SET checkpoint = {NEW_CHECKPOINT}, attempts = 1 "
        f"WHERE turn_id = ?2 AND person_key = ?1 AND {OPEN}",
        (person_key, turn_id, text),
    )
    return changed == 1


async def pause(tx: Connection, person_key: int, turn_id: str, text: str) -> bool:
    """Keeps the reply so far at a stop that was asked for: it does not count as an attempt."""
    changed = await changed_rows(
        tx,
        f"UPDATE turns AS t SET checkpoint = {NEW_CHECKPOINT}, attempts = 0 "
        f"WHERE turn_id = ?2 AND person_key = ?1 AND {OPEN}",
        (person_key, turn_id, text),
    )
    return changed == 1


async def finish(tx: Connection, person_key: int, turn: Turn) -> bool:
    """Writes how the turn ended. False when it is not open any more: an end stays as it is.

    Insert the reply first; a reply message that is not in this conversation is left out.
    """
    assert turn.status.is_final
    changed = await changed_rows(
        tx,
        FINISH,
        (turn.turn_id, person_key, turn.status.value, *ending_of(turn), turn.reply_message_id),
    )
    return changed == 1


def ending_of(turn: Turn) -> tuple[object, ...]:
    """The columns that a turn gets while it runs, in the order of INSERT and FINISH."""
    counts = turn.counts
    return (
        turn.checkpoint,
        turn.finish_reason,
        turn.error,
        turn.seed,
        _json(turn.sampling),
        turn.model_sha256,
        _json(turn.prompt_record),
        counts.prompt_tokens,
        counts.completion_tokens,
        counts.cached_tokens,
        counts.queue_ms,
        counts.ttft_ms,
        counts.decode_ms,
        counts.prefill_ms,
        counts.drafted_tokens,
        counts.accepted_tokens,
    )


def _json(value: Mapping[str, object]) -> str:
    return msgspec.json.encode(dict(value)).decode()


def turn_of(row: Row) -> Turn:
    """The turn in a row of COLUMNS."""
    return Turn(
        turn_id=row[0],
        conversation_id=row[1],
        input_message_id=row[2],
        reply_message_id=row[3],
        status=TurnStatus(row[4]),
        created_at=row[5],
        checkpoint=row[6],
        finish_reason=row[7],
        error=row[8],
        seed=row[9],
        sampling=msgspec.json.decode(row[10]),
        model_sha256=row[11],
        prompt_record=msgspec.json.decode(row[12]),
        counts=TurnCounts(*row[13:22]),
        attempts=row[22],
    )
