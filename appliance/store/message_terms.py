"""The full-text index `message_terms`: one row for each message, under the message's key.

It holds terms and no text, and of a sealed account nothing at all. FTS5 takes such a row out only
by being told the same terms again, so whoever changes or deletes messages calls `unindex` while
their text is still there:

    await message_terms.unindex(tx, person_key, [message_id])
    ... change or delete the message ...
    await message_terms.index(tx, person_key, [message_id])     # if it is still there

The function `terms_of` of these statements is Python's; `derivations.prepare` gives it to the
connection that writes.
"""

from collections.abc import Collection

import msgspec
from aiosqlite import Connection

from appliance.store.cells import seal_of
from appliance.store.rows import changed_rows, first_row
from appliance.store.signposts import renew_signposts

NOT_SEALED = f"{seal_of('m.person_key')} IS NULL"

INDEX = f"""
INSERT INTO message_terms (rowid, terms)
SELECT m.message_key, terms_of(m.content)
FROM json_each(?2) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
WHERE {NOT_SEALED}
"""
INDEX_CONVERSATION = f"""
INSERT INTO message_terms (rowid, terms)
SELECT m.message_key, terms_of(m.content)
FROM conversations c CROSS JOIN messages m ON m.conversation_key = c.conversation_key
WHERE c.conversation_id = ?2 AND c.person_key = ?1
  AND {NOT_SEALED}
"""
INDEX_PERSON = f"""
INSERT INTO message_terms (rowid, terms)
SELECT m.message_key, terms_of(m.content) FROM messages m
WHERE m.person_key = ?1 AND {NOT_SEALED}
"""

# What never was in the index cannot be taken out of it: `docsize` knows what is.
UNINDEX = """
INSERT INTO message_terms (message_terms, rowid, terms)
SELECT 'delete', m.message_key, terms_of(m.content)
FROM json_each(?2) wanted
CROSS JOIN messages m ON m.message_id = wanted.value AND m.person_key = ?1
JOIN message_terms_docsize held ON held.id = m.message_key
"""
UNINDEX_CONVERSATION = """
INSERT INTO message_terms (message_terms, rowid, terms)
SELECT 'delete', m.message_key, terms_of(m.content)
FROM conversations c
CROSS JOIN messages m ON m.conversation_key = c.conversation_key
JOIN message_terms_docsize held ON held.id = m.message_key
WHERE c.conversation_id = ?2 AND c.person_key = ?1
"""
UNINDEX_PERSON = """
INSERT INTO message_terms (message_terms, rowid, terms)
SELECT 'delete', m.message_key, terms_of(m.content)
FROM messages m JOIN message_terms_docsize held ON held.id = m.message_key
WHERE m.person_key = ?1
"""

DELETE_ALL = "INSERT INTO message_terms (message_terms) VALUES ('delete-all')"
MOST_IS_OWN = """
SELECT 2 * total(m.person_key = ?1) > count(*)
FROM messages m JOIN message_terms_docsize held ON held.id = m.message_key
"""
INDEX_OTHERS = f"""
INSERT INTO message_terms (rowid, terms)
SELECT m.message_key, terms_of(m.content) FROM messages m
WHERE m.person_key <> ?1 AND {NOT_SEALED}
"""


async def index(tx: Connection, person_key: int, message_ids: Collection[str]) -> None:
    """Makes these messages of that person findable. None of them may be so already."""
    await changed_rows(tx, INDEX, (person_key, _json(message_ids)))


async def index_conversation(tx: Connection, person_key: int, conversation_id: str) -> None:
    """Makes all messages of a conversation findable that was written in one go."""
    await changed_rows(tx, INDEX_CONVERSATION, (person_key, conversation_id))


async def index_person(tx: Connection, person_key: int) -> None:
    """Makes all that this person said findable that was not."""
    await changed_rows(tx, INDEX_PERSON, (person_key,))


async def unindex(tx: Connection, person_key: int, message_ids: Collection[str]) -> None:
    """Takes these messages of that person out, before they change or go."""
    await changed_rows(tx, UNINDEX, (person_key, _json(message_ids)))
    await renew_signposts(tx, "message_terms")


async def unindex_conversation(tx: Connection, person_key: int, conversation_id: str) -> None:
    """Takes out all messages of a conversation, before they go."""
    await changed_rows(tx, UNINDEX_CONVERSATION, (person_key, conversation_id))
    await renew_signposts(tx, "message_terms")


async def unindex_person(tx: Connection, person_key: int) -> None:
    """Takes out all that this person said, before it goes."""
    await changed_rows(tx, UNINDEX_PERSON, (person_key,))
    await renew_signposts(tx, "message_terms")


async def unindex_very_many(tx: Connection, person_key: int) -> None:
    """The same where it may be a hundred thousand messages, in seconds instead of minutes.

    Taking a term out of its page at once is slow. Here it is first only crossed out, and then the
    whole index is written anew, everybody's: what was crossed out is not in it. Where others have
    less, theirs alone are indexed again.
    """
    row = await first_row(tx, MOST_IS_OWN, (person_key,))
    if row is not None and row[0]:
        await changed_rows(tx, DELETE_ALL, ())
        await changed_rows(tx, INDEX_OTHERS, (person_key,))
        return
    await _set_secure_delete(tx, False)
    await changed_rows(tx, UNINDEX_PERSON, (person_key,))
    await changed_rows(tx, "INSERT INTO message_terms (message_terms) VALUES ('optimize')", ())
    await _set_secure_delete(tx, True)
    await renew_signposts(tx, "message_terms")


async def index_anew(tx: Connection) -> None:
    """Everybody's messages, from nothing; but for those that are sealed."""
    await changed_rows(tx, DELETE_ALL, ())
    await changed_rows(
        tx,
        "INSERT INTO message_terms (rowid, terms) "
        f"SELECT m.message_key, terms_of(m.content) FROM messages m WHERE {NOT_SEALED}",
        (),
    )


async def _set_secure_delete(tx: Connection, is_on: bool) -> None:
    await changed_rows(
        tx, "INSERT INTO message_terms (message_terms, rank) VALUES ('secure-delete', ?)", (is_on,)
    )


def _json(message_ids: Collection[str]) -> str:
    return msgspec.json.encode(list(message_ids)).decode()
