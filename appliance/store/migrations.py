"""Every shape the database has had, in order; each stands in its own file under `shapes/`.

Appended only: a migration that has left this repository is never edited. Each is one transaction,
so a database stands before it or after it, never in between.

What holds in every table: keys (`*_key`) are SQLite's integers and stay inside, ids (`*_id`) are
random and are what others see; whatever holds a person's words carries that person's key.
"""

from aiosqlite import Connection

from appliance.errors import StoreRefused
from appliance.store.rows import first_row
from appliance.store.shapes.m001_conversations import M001
from appliance.store.shapes.m002_turn_prefill_and_drafts import M002
from appliance.store.shapes.m003_conversation_places import M003
from appliance.store.shapes.m004_message_terms import M004
from appliance.store.shapes.m005_titles_and_summaries import M005
from appliance.store.shapes.m006_accounts import M006
from appliance.store.shapes.m007_api_keys import M007
from appliance.store.shapes.m008_usage_and_limits import M008
from appliance.store.shapes.m009_languages import M009
from appliance.store.shapes.m010_shared_links import M010
from appliance.store.shapes.m011_seals import M011
from appliance.store.shapes.m012_chunks import M012
from appliance.store.shapes.m013_facts import M013
from appliance.store.shapes.m014_documents import M014
from appliance.store.shapes.migration import Migration

MIGRATIONS: tuple[Migration, ...] = (
    *(M001, M002, M003, M004, M005, M006, M007, M008, M009, M010, M011, M012, M013, M014),
)

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
