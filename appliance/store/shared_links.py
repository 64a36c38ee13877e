"""The tables `shared_links` and `shared_messages`: conversations as they were when shared.

An owner's queries name the owner. A reader's name the hash of the link, which nobody can guess.
"""

from aiosqlite import Connection

from appliance.conversations.conversation import Role
from appliance.conversations.shared_link import SharedLink, SharedMessage, SharedPage
from appliance.errors import NotFound
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = """
l.link_id, c.conversation_id, l.title, l.created_at, l.expires_at, l.shows_name, l.views,
(SELECT count(*) FROM shared_messages m WHERE m.link_key = l.link_key)
"""
SELECT = f"SELECT {COLUMNS} FROM shared_links l JOIN conversations c USING (conversation_key) "
MINE = SELECT + "WHERE l.person_key = ?1 AND l.expires_at > ?2 ORDER BY l.link_key DESC"
OF_CONVERSATION = SELECT + (
    "WHERE l.person_key = ?1 AND c.conversation_id = ?2 AND l.expires_at > ?3 "
    "ORDER BY l.link_key DESC"
)

INSERT = """
INSERT INTO shared_links (link_id, person_key, conversation_key, secret_hash, created_at,
                          expires_at, shows_name, title)
SELECT ?2, ?1, c.conversation_key, ?4, ?5, ?6, ?7, c.title
FROM conversations c WHERE c.conversation_id = ?3 AND c.person_key = ?1
"""
# The branch that is read, from its end to its root. The box's own words are nobody's to share.
COPY = """
INSERT INTO shared_messages (link_key, message_key, person_key, role, created_at, content)
WITH RECURSIVE walk (message_key, parent_key) AS (
    SELECT leaf.message_key, leaf.parent_key
    FROM conversations c CROSS JOIN messages leaf ON leaf.message_key = c.leaf_key
    WHERE c.conversation_id = ?3 AND c.person_key = ?1 AND leaf.person_key = ?1
    UNION ALL
    SELECT m.message_key, m.parent_key
    FROM walk CROSS JOIN messages m ON m.message_key = walk.parent_key AND m.person_key = ?1
)
SELECT l.link_key, m.message_key, ?1, m.role, m.created_at, m.content
FROM shared_links l CROSS JOIN walk CROSS JOIN messages m ON m.message_key = walk.message_key
WHERE l.link_id = ?2 AND l.person_key = ?1 AND m.role <> 'system'
"""

# Whoever may not come in shows nothing to others, and what is sealed is for nobody else.
OPEN = """
SELECT l.link_key, l.title, CASE l.shows_name WHEN 1 THEN p.name ELSE '' END,
    l.created_at, l.expires_at,
    (SELECT count(*) FROM shared_messages m WHERE m.link_key = l.link_key)
FROM shared_links l JOIN people p USING (person_key)
WHERE l.secret_hash = ?1 AND l.expires_at > ?2 AND NOT p.is_disabled AND NOT p.is_sealed
"""
PAGE = """
SELECT role, created_at, content FROM shared_messages
WHERE link_key = ?1 ORDER BY message_key LIMIT ?2 OFFSET ?3
"""

# No reply is shown without what it answers.
SHOWING = """
DELETE FROM shared_links WHERE person_key = ?1 AND link_key IN (
    SELECT copied.link_key FROM messages m
    CROSS JOIN shared_messages copied ON copied.message_key = m.message_key
    WHERE m.message_id = ?2 AND m.person_key = ?1)
"""


async def insert(tx: Connection, person_key: int, link: SharedLink, secret_hash: bytes) -> int:
    """Adds a link with a copy of the branch that is read now; how many messages were copied.

    NotFound unless the conversation is this person's.
    """
    name = (person_key, link.link_id, link.conversation_id)
    times = (link.created_at, link.expires_at)
    if not await changed_rows(tx, INSERT, (*name, secret_hash, *times, link.shows_name)):
        raise NotFound(f"There is no conversation {link.conversation_id}.")
    return await changed_rows(tx, COPY, name)


async def count(reader: Connection, person_key: int, now: int) -> int:
    """How many links of this person can be read."""
    row = await first_row(
        reader,
        "SELECT count(*) FROM shared_links WHERE person_key = ? AND expires_at > ?",
        (person_key, now),
    )
    assert row is not None, "a count has a row"
    return int(row[0])


async def list_all(reader: Connection, person_key: int, now: int) -> tuple[SharedLink, ...]:
    """This person's links that can be read, newest first."""
    return tuple(map(_link, await all_rows(reader, MINE, (person_key, now))))


async def of_conversation(
    reader: Connection, person_key: int, conversation_id: str, now: int
) -> tuple[SharedLink, ...]:
    """Those of one conversation of this person's, newest first."""
    found = await all_rows(reader, OF_CONVERSATION, (person_key, conversation_id, now))
    return tuple(map(_link, found))


async def open_page(
    reader: Connection, secret_hash: bytes, now: int, number: int, length: int
) -> SharedPage | None:
    """What is read under the link of that hash; None when there is none, or its time is over.

    After the last page there is the last page.
    """
    row = await first_row(reader, OPEN, (secret_hash, now))
    if row is None:
        return None
    link_key, title, owner_name, created_at, expires_at, messages = row
    count = max(1, -(-messages // length))
    number = min(number, count)
    found = await all_rows(reader, PAGE, (link_key, length, length * (number - 1)))
    shown = tuple(SharedMessage(Role(role), at, content) for role, at, content in found)
    return SharedPage(title, owner_name, created_at, expires_at, shown, number, count)


async def count_view(tx: Connection, secret_hash: bytes) -> None:
    """Somebody has opened the link once more."""
    await changed_rows(
        tx, "UPDATE shared_links SET views = views + 1 WHERE secret_hash = ?", (secret_hash,)
    )


async def delete(tx: Connection, person_key: int, link_id: str) -> bool:
    """Ends this person's link and deletes the copy. False when there is none of that id.

    Call `database.truncate_wal()` after the block, as after every deletion.
    """
    changed = await changed_rows(
        tx, "DELETE FROM shared_links WHERE link_id = ? AND person_key = ?", (link_id, person_key)
    )
    return changed == 1


async def delete_of_conversation(tx: Connection, person_key: int, conversation_id: str) -> int:
    """Ends all links to one conversation of this person's; how many there were."""
    return await changed_rows(
        tx,
        "DELETE FROM shared_links WHERE conversation_key = "
        "(SELECT conversation_key FROM conversations WHERE conversation_id = ? AND person_key = ?)",
        (conversation_id, person_key),
    )


async def delete_showing(tx: Connection, person_key: int, message_id: str) -> int:
    """Ends the links that show this message, and so those that show a reply to it; how many."""
    return await changed_rows(tx, SHOWING, (person_key, message_id))


async def delete_all(tx: Connection, person_key: int) -> int:
    """Ends all links of this person; how many there were."""
    return await changed_rows(tx, "DELETE FROM shared_links WHERE person_key = ?", (person_key,))


async def has_expired(reader: Connection, now: int) -> bool:
    """Whether there is anything that nobody can read any more."""
    sql = "SELECT 1 FROM shared_links WHERE expires_at <= ? LIMIT 1"
    return await first_row(reader, sql, (now,)) is not None


async def delete_expired(tx: Connection, now: int) -> int:
    """Deletes what nobody can read any more, of all people; how many links it was."""
    return await changed_rows(tx, "DELETE FROM shared_links WHERE expires_at <= ?", (now,))


def _link(row: Row) -> SharedLink:
    link_id, conversation_id, title, created_at, expires_at, shows_name, views, messages = row
    return SharedLink(
        link_id, conversation_id, title, created_at, expires_at, bool(shows_name), views, messages
    )
