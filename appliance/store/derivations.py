"""The table `derivations`: by which rules what is derived from other tables was made.

Derived tables can be made anew from the others at any time, and are when the rules change: when the
index is young, when a new version of the program cuts text differently, when a new Python folds it
differently.
"""

import structlog
from aiosqlite import Connection

from appliance.recall.tokens import RULES, terms_of
from appliance.store import chunk_terms, message_terms, title_terms
from appliance.store.rows import changed_rows, first_row

log = structlog.get_logger(__name__)


async def prepare(writer: Connection) -> None:
    """Gives the connection that writes the functions that make terms, and makes the indexes if
    need be.
    """
    await writer.create_function("terms_of", 1, terms_of, deterministic=True)
    await writer.create_function("owned_terms", 3, chunk_terms.owned_terms, deterministic=True)
    found = await first_row(writer, "SELECT rules FROM derivations WHERE name = 'terms'", ())
    if found == (RULES,):
        return
    if await first_row(writer, "SELECT 1 FROM messages LIMIT 1", ()):
        log.info("store.index_anew", rules=RULES)
    await writer.execute("BEGIN IMMEDIATE")
    try:
        await message_terms.index_anew(writer)
        await title_terms.index_anew(writer)
        await chunk_terms.index_anew(writer)
        await changed_rows(
            writer, "INSERT OR REPLACE INTO derivations (name, rules) VALUES ('terms', ?)", (RULES,)
        )
        await writer.execute("COMMIT")
    except BaseException:
        await writer.rollback()
        raise
