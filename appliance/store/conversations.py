"""The table `conversations`."""

from aiosqlite import Connection

from appliance.conversations.conversation import Conversation, Folder, TitledBy
from appliance.conversations.deleted import DeleteReceipt
from appliance.errors import NotFound
from appliance.store import documents, facts, shared_links, title_terms
from appliance.store.cells import FOLDER_NAME, TITLE
from appliance.store.messages import delete_all
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
c.conversation_id, {TITLE.read("c")}, c.created_at, c.updated_at, leaf.message_id,
c.is_pinned, c.is_archived, f.folder_id, {FOLDER_NAME.read("f")}, c.titled_by, c.is_recalled
"""
JOINS = """
LEFT JOIN messages leaf ON leaf.message_key = c.leaf_key
LEFT JOIN folders f ON f.folder_key = c.folder_key
"""
SELECT = f"SELECT {COLUMNS} FROM conversations c {JOINS}"

# As the list of a page shows them.
LISTED = (
    SELECT
    + """
    WHERE c.person_key = ? AND c.is_archived = 0
    ORDER BY c.is_pinned DESC, c.activity DESC, c.conversation_key DESC LIMIT ?
    """
)
# Everything in one place, page by page: ?2 the archive or not, ?3 a folder or any, ?4 the last one
# of the page before or none. Those that came in from a file may have one activity together.
SHELF = (
    SELECT
    + """
    WHERE c.person_key = ?1 AND c.is_archived = ?2 AND (?3 IS NULL OR f.folder_id = ?3)
      AND (?4 IS NULL OR (c.activity, c.conversation_key) < (
          SELECT last.activity, last.conversation_key FROM conversations last
          WHERE last.conversation_id = ?4 AND last.person_key = ?1))
    ORDER BY c.activity DESC, c.conversation_key DESC LIMIT ?5
    """
)
# Newest activity gets the highest number of this person's.
NEXT_ACTIVITY = "(SELECT ifnull(max(activity), 0) + 1 FROM conversations WHERE person_key = ?1)"
NEW_TITLE = TITLE.written("?1", "?2", "?3")


async def insert(tx: Connection, person_key: int, conversation: Conversation) -> None:
    """Adds a conversation. It has no messages yet, so its leaf comes later, by `set_leaf`."""
    await changed_rows(
        tx,
        f"""
        INSERT INTO conversations
            (person_key, conversation_id, title, created_at, updated_at, titled_by, activity)
        VALUES (?1, ?2, {NEW_TITLE}, ?4, ?5, ?6, {NEXT_ACTIVITY})
        """,
        (
            person_key,
            conversation.conversation_id,
            conversation.title,
            conversation.created_at,
            conversation.updated_at,
            conversation.titled_by.value,
        ),
    )
    await title_terms.index(tx, person_key, conversation.conversation_id)


async def find(reader: Connection, person_key: int, conversation_id: str) -> Conversation | None:
    """This person's conversation of that id."""
    row = await first_row(
        reader,
        SELECT + "WHERE c.conversation_id = ? AND c.person_key = ?",
        (conversation_id, person_key),
    )
    return conversation_of(row) if row else None


async def list_recent(
    reader: Connection, person_key: int, limit: int = 200
) -> tuple[Conversation, ...]:
    """This person's conversations that are not in the archive: pinned ones first, then those with
    the newest activity.
    """
    rows = await all_rows(reader, LISTED, (person_key, limit))
    return tuple(conversation_of(row) for row in rows)


async def on_shelf(
    reader: Connection,
    person_key: int,
    *,
    archived: bool = False,
    folder_id: str | None = None,
    after_id: str | None = None,
    limit: int,
) -> tuple[Conversation, ...]:
    """What this person has in the archive or not, in a folder or any; newest activity first,
    those after the conversation named.
    """
    parameters = (person_key, archived, folder_id, after_id, limit)
    return tuple(conversation_of(row) for row in await all_rows(reader, SHELF, parameters))


async def place(tx: Connection, person_key: int, placed: Conversation) -> bool:
    """Keeps where a conversation stands: pinned, in the archive, in which of this person's folders,
    left out of recall or not.
    False when there is no such conversation. Its activity stays.
    """
    changed = await changed_rows(
        tx,
        """
        UPDATE conversations SET is_pinned = ?3, is_archived = ?4, is_recalled = ?6, folder_key = (
            SELECT folder_key FROM folders WHERE folder_id = ?5 AND person_key = ?1)
        WHERE conversation_id = ?2 AND person_key = ?1
        """,
        (
            person_key,
            placed.conversation_id,
            placed.is_pinned,
            placed.is_archived,
            placed.folder.folder_id if placed.folder else None,
            placed.is_recalled,
        ),
    )
    return changed == 1


async def rename(
    tx: Connection,
    person_key: int,
    conversation_id: str,
    title: str,
    by: TitledBy = TitledBy.PERSON,
) -> bool:
    """Another title, whoever gave the one before; its place in the list stays. False when there is
    no such conversation.
    """
    changed = await changed_rows(
        tx,
        f"UPDATE conversations SET title = {NEW_TITLE}, titled_by = ?4 "
        "WHERE conversation_id = ?2 AND person_key = ?1",
        (person_key, conversation_id, title, by.value),
    )
    await title_terms.reindex(tx, person_key, conversation_id)
    return changed == 1


async def title_by_model(tx: Connection, person_key: int, conversation_id: str, title: str) -> bool:
    """A model's title in place of the first words. False when somebody was there before."""
    changed = await changed_rows(
        tx,
        f"UPDATE conversations SET title = {NEW_TITLE}, titled_by = 'model' "
        "WHERE conversation_id = ?2 AND person_key = ?1 AND titled_by = 'box'",
        (person_key, conversation_id, title),
    )
    await title_terms.reindex(tx, person_key, conversation_id)
    return changed == 1


async def set_leaf(
    tx: Connection, person_key: int, conversation_id: str, message_id: str, updated_at: int
) -> None:
    """Makes that message the end of the branch being read, and this conversation the newest.

    NotFound unless both are this person's and the message is the conversation's.
    """
    changed = await changed_rows(
        tx,
        f"""
        UPDATE conversations
        SET leaf_key = leaf.message_key, updated_at = ?2, activity = {NEXT_ACTIVITY}
        FROM (SELECT message_key, conversation_key FROM messages
              WHERE message_id = ?3 AND person_key = ?1) AS leaf
        WHERE conversations.conversation_id = ?4 AND conversations.person_key = ?1
          AND leaf.conversation_key = conversations.conversation_key
        """,
        (person_key, updated_at, message_id, conversation_id),
    )
    if changed == 0:
        raise NotFound(f"There is no message {message_id} in conversation {conversation_id}.")


async def show_branch(tx: Connection, person_key: int, conversation_id: str, leaf_id: str) -> bool:
    """Makes the branch that ends in that message the one that is read.

    Reading is no activity: the conversation's place in the list stays.
    """
    changed = await changed_rows(
        tx,
        """
        UPDATE conversations
        SET leaf_key = (SELECT leaf.message_key FROM messages leaf
                        WHERE leaf.message_id = ?3 AND leaf.person_key = ?1
                          AND leaf.conversation_key = conversations.conversation_key)
        WHERE conversation_id = ?2 AND person_key = ?1
        """,
        (person_key, conversation_id, leaf_id),
    )
    return changed == 1


async def touch(tx: Connection, person_key: int, conversation_id: str, now: int) -> None:
    """Something of it is not as it was: this makes it the newest, and its time another one, by
    which open pages notice.
    """
    await changed_rows(
        tx,
        f"""
        UPDATE conversations SET updated_at = max(?3, updated_at + 1), activity = {NEXT_ACTIVITY}
        WHERE conversation_id = ?2 AND person_key = ?1
        """,
        (person_key, conversation_id, now),
    )


async def delete(tx: Connection, person_key: int, conversation_id: str) -> DeleteReceipt:
    """Deletes the conversation with all it holds; a receipt of noughts when there is none.

    Call `database.truncate_wal()` after the block: until then the text is still in the WAL.
    """
    mine = (
        "(SELECT conversation_key FROM conversations WHERE conversation_id = ? AND person_key = ?)"
    )
    parameters = (conversation_id, person_key)
    # First, so that the messages, each of which would look for its own, find none.
    await changed_rows(tx, f"DELETE FROM summaries WHERE conversation_key = {mine}", parameters)
    links = await shared_links.delete_of_conversation(tx, person_key, conversation_id)
    learnt = await facts.count_of_conversation(tx, person_key, conversation_id)
    attached = await documents.delete_of_conversation(tx, person_key, conversation_id)
    await title_terms.unindex(tx, person_key, conversation_id)
    turns = await changed_rows(tx, f"DELETE FROM turns WHERE conversation_key = {mine}", parameters)
    messages = await delete_all(tx, person_key, conversation_id)
    conversations = await changed_rows(
        tx, "DELETE FROM conversations WHERE conversation_id = ? AND person_key = ?", parameters
    )
    return DeleteReceipt(
        conversations=conversations,
        messages=messages,
        turns=turns,
        shared_links=links,
        facts=learnt,
        documents=attached,
    )


def conversation_of(row: Row) -> Conversation:
    """A conversation from a row of COLUMNS."""
    return Conversation(
        conversation_id=row[0],
        title=row[1],
        created_at=row[2],
        updated_at=row[3],
        leaf_id=row[4],
        is_pinned=bool(row[5]),
        is_archived=bool(row[6]),
        folder=Folder(row[7], row[8]) if row[7] else None,
        titled_by=TitledBy(row[9]),
        is_recalled=bool(row[10]),
    )
