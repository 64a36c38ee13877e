"""The full-text index `title_terms`: one row for each conversation, under its key; none of a
sealed account.
"""

from aiosqlite import Connection

from appliance.store.cells import seal_of
from appliance.store.rows import changed_rows
from appliance.store.signposts import renew_signposts

NOT_SEALED = f"{seal_of('c.person_key')} IS NULL"

INDEX = f"""
INSERT OR REPLACE INTO title_terms (rowid, terms)
SELECT c.conversation_key, terms_of(c.title) FROM conversations c
WHERE c.conversation_id = ? AND c.person_key = ? AND {NOT_SEALED}
"""
INDEX_PERSON = f"""
INSERT OR REPLACE INTO title_terms (rowid, terms)
SELECT c.conversation_key, terms_of(c.title) FROM conversations c
WHERE c.person_key = ? AND {NOT_SEALED}
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


async def index_person(tx: Connection, person_key: int) -> None:
    """Makes all conversations of this person findable by their titles."""
    await changed_rows(tx, INDEX_PERSON, (person_key,))


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
    """Everybody's titles, from nothing; but for those that are sealed."""
    await changed_rows(tx, "DELETE FROM title_terms", ())
    await changed_rows(
        tx,
        "INSERT INTO title_terms (rowid, terms) "
        "SELECT c.conversation_key, terms_of(c.title) FROM conversations c "
        f"WHERE {NOT_SEALED}",
        (),
    )
