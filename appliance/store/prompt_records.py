"""The column `prompt_record` of the table `turns`, by itself: what prompts of before held."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec
from aiosqlite import Connection

from appliance.store.cells import PROMPT_RECORD
from appliance.store.chunks import EVERYBODY
from appliance.store.rows import all_rows
from appliance.store.turns import OF_MESSAGES

AT = f"""
SELECT input.message_id, reply.message_id, {PROMPT_RECORD.read("t")}
{OF_MESSAGES}
"""
NAMING = f"""
SELECT DISTINCT c.conversation_id
FROM turns t JOIN conversations c ON c.conversation_key = t.conversation_key
WHERE t.person_key = ?1 AND instr({PROMPT_RECORD.read("t")}, ?2)
"""
QUOTING = f"""
SELECT DISTINCT p.person_id, c.conversation_id
FROM turns t
JOIN conversations c ON c.conversation_key = t.conversation_key
JOIN people p ON p.person_key = t.person_key
WHERE (t.person_key = ?1 OR ?1 = {EVERYBODY}) AND instr({PROMPT_RECORD.read("t")}, ?2)
"""


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """What a turn's prompt held; the turn was to answer one message, and wrote another or none."""

    input_message_id: str
    reply_message_id: str | None
    record: Mapping[str, object]


async def at(
    reader: Connection, person_key: int, conversation_id: str, message_ids: Collection[str]
) -> tuple[PromptRecord, ...]:
    """Those of every turn that was to answer one of these messages, oldest first. One query."""
    wanted = msgspec.json.encode(list(message_ids)).decode()
    rows = await all_rows(reader, AT, (person_key, conversation_id, wanted))
    return tuple(PromptRecord(row[0], row[1], msgspec.json.decode(row[2])) for row in rows)


async def conversations_naming(
    reader: Connection, person_key: int, source_id: str
) -> tuple[str, ...]:
    """This person's conversations in which a prompt held something of that conversation, message,
    document or fact. Reads every record of theirs: for deletions, which take longer anyway.
    """
    rows = await all_rows(reader, NAMING, (person_key, source_id))
    return tuple(row[0] for row in rows)


async def quoting(
    reader: Connection, owner_key: int, document_id: str
) -> tuple[tuple[str, str], ...]:
    """Whose prompts held something of that document, by `person_id`, and in which conversation.
    What is there for everybody may be in anybody's.
    """
    rows = await all_rows(reader, QUOTING, (owner_key, document_id))
    return tuple((row[0], row[1]) for row in rows)
