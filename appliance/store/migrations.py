"""Every shape the database has had, in order.

Appended only: a migration that has left this repository is never edited. Each is one transaction,
so a database stands before it or after it, never in between.

What holds in every table: keys (`*_key`) are SQLite's integers and stay inside, ids (`*_id`) are
random and are what others see; whatever holds a person's words carries that person's key.
"""

from typing import NamedTuple

from aiosqlite import Connection

from appliance.errors import StoreRefused
from appliance.store.rows import first_row


class Migration(NamedTuple):
    """One step of the schema, and why it was needed."""

    number: int
    name: str
    why: str
    statements: tuple[str, ...]


M001 = Migration(
    1,
    "m001_conversations",
    "People, their conversations as trees of messages, and the turns that answered.",
    (
        """
        CREATE TABLE people (
            person_key INTEGER PRIMARY KEY,
            person_id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT
        """,
        # activity orders the list: a counter, because clocks jump. leaf_key has no REFERENCES: that
        # would look through this table for every message deleted, and both go together anyway.
        """
        CREATE TABLE conversations (
            conversation_key INTEGER PRIMARY KEY,
            conversation_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            title TEXT NOT NULL,
            leaf_key INTEGER,
            activity INTEGER NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX conversations_by_activity ON conversations (person_key, activity)",
        # A parent is older than its child, so a walk towards the root always ends.
        """
        CREATE TABLE messages (
            message_key INTEGER PRIMARY KEY,
            message_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            conversation_key INTEGER NOT NULL REFERENCES conversations,
            parent_key INTEGER REFERENCES messages CHECK (parent_key < message_key),
            role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
            created_at INTEGER NOT NULL,
            client_message_id TEXT,
            content TEXT NOT NULL,
            UNIQUE (person_key, client_message_id)
        ) STRICT
        """,
        "CREATE INDEX messages_by_conversation ON messages (conversation_key)",
        "CREATE INDEX messages_by_parent ON messages (parent_key)",
        # The long columns stand last: finding a row's status does not read past its text.
        """
        CREATE TABLE turns (
            turn_key INTEGER PRIMARY KEY,
            turn_id TEXT NOT NULL UNIQUE,
            person_key INTEGER NOT NULL REFERENCES people,
            conversation_key INTEGER NOT NULL REFERENCES conversations,
            input_message_key INTEGER NOT NULL REFERENCES messages,
            reply_message_key INTEGER REFERENCES messages,
            status TEXT NOT NULL
                CHECK (status IN ('waiting', 'running', 'finished', 'cancelled', 'failed')),
            created_at INTEGER NOT NULL,
            finish_reason TEXT,
            error TEXT,
            seed INTEGER NOT NULL,
            model_sha256 TEXT NOT NULL,
            prompt_tokens INTEGER NOT NULL,
            completion_tokens INTEGER NOT NULL,
            cached_tokens INTEGER NOT NULL,
            queue_ms INTEGER NOT NULL,
            ttft_ms INTEGER,
            decode_ms INTEGER NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            sampling TEXT NOT NULL,
            prompt_record TEXT NOT NULL,
            checkpoint TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX turns_by_conversation ON turns (conversation_key)",
        "CREATE INDEX turns_by_input_message ON turns (input_message_key)",
        "CREATE INDEX turns_by_reply_message ON turns (reply_message_key)",
        # One open turn in a conversation, by law; it is also how the open ones are found.
        """
        CREATE UNIQUE INDEX turns_open ON turns (conversation_key)
            WHERE status IN ('waiting', 'running')
        """,
    ),
)

M002 = Migration(
    2,
    "m002_turn_prefill_and_drafts",
    "How long a turn's prompt took to read, and how many of its tokens were guessed ahead.",
    tuple(
        f"ALTER TABLE turns ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0"
        for column in ("prefill_ms", "drafted_tokens", "accepted_tokens")
    ),
)

MIGRATIONS: tuple[Migration, ...] = (M001, M002)

CREATE_LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at INTEGER NOT NULL
) STRICT
"""


async def migrate(connection: Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> None:
    """Brings the database to the newest shape; StoreRefused when it is newer than this program."""
    while True:
        # The lock comes first: two programs that open one database must not both apply a step.
        await connection.execute("BEGIN IMMEDIATE")
        try:
            is_done = await _apply_next(connection, migrations)
            await connection.execute("COMMIT")
        except BaseException:
            await connection.rollback()
            raise
        if is_done:
            return


async def _apply_next(connection: Connection, migrations: tuple[Migration, ...]) -> bool:
    await connection.execute(CREATE_LEDGER)
    row = await first_row(connection, "SELECT max(number) FROM schema_migrations", ())
    at: int = (row[0] if row else None) or 0
    newest = migrations[-1].number
    if at > newest:
        raise StoreRefused(
            f"The database comes from a newer version of the appliance (its shape is number {at}, "
            f"this version knows {newest}); install that version again, or restore an older backup."
        )
    step = next((step for step in migrations if step.number > at), None)
    if step is None:
        return True
    if at > 0:
        await _check_before(connection, step)
    for statement in step.statements:
        await connection.execute(statement)
    await connection.execute(
        "INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, unixepoch())",
        (step.number, step.name),
    )
    return False


async def _check_before(connection: Connection, step: Migration) -> None:
    """A damaged database is not made worse by rewriting it."""
    row = await first_row(connection, "PRAGMA integrity_check(1)", ())
    if row is None or row[0] != "ok":
        raise StoreRefused(
            f"The database is damaged ({row and row[0]}), so {step.name} was not applied; "
            "restore the latest backup."
        )
