"""The full-text index `title_terms`: one row for each conversation, under its key."""

from aiosqlite import Connection

from appliance.store.rows import changed_rows
from appliance.store.signposts import renew_signposts

INDEX = """
INSERT OR REPLACE INTO title_terms (rowid, terms)
SELECT conversation_key, terms_of(title) FROM conversations
WHERE conversation_id = ? AND person_key = ?
"""
UNINDEX = """
DELETE FROM title_terms WHERE rowid = (
    SELECT conversation_key FROM conversations WHERE conversation_id = ? AND person_key = ?
)
"""
UNINDEX_PERSON = """
DELETE FROM title_terms
WHERE rowid IN (SELECT conversation_key FROM conversations WHERE person_key = ?)
"""


async def index(tx: Connection, person_key: int, conversation_id: str) -> None:
    """Makes a new conversation findable by its title."""
    await changed_rows(tx, INDEX, (conversation_id, person_key))


async def reindex(tx: Connection, person_key: int, conversation_id: str) -> None:
    """The title has changed: the old one leads nowhere any more."""
    await changed_rows(tx, INDEX, (conversation_id, person_key))
    await renew_signposts(tx, "title_terms")


async def unindex(tx: Connection, person_key: int, conversation_id: str) -> None:
    """Takes a conversation's title out, before the conversation goes."""
    await changed_rows(tx, UNINDEX, (conversation_id, person_key))
    await renew_signposts(tx, "title_terms")


async def unindex_person(tx: Connection, person_key: int) -> None:
    """Takes out all titles of this person, before their conversations go."""
    await changed_rows(tx, UNINDEX_PERSON, (person_key,))
    await renew_signposts(tx, "title_terms")


async def index_anew(tx: Connection) -> None:
    """Everybody's titles, from nothing."""
    await changed_rows(tx, "DELETE FROM title_terms", ())
    await changed_rows(
        tx,
        "INSERT INTO title_terms (rowid, terms) "
        "SELECT conversation_key, terms_of(title) FROM conversations",
        (),
    )
