"""The table `conversations`."""

from aiosqlite import Connection

from appliance.conversations.conversation import Conversation, DeleteReceipt, TitledBy
from appliance.errors import NotFound
from appliance.store.rows import Row, all_rows, changed_rows, first_row

SELECT = """
SELECT c.conversation_id, c.title, c.created_at, c.updated_at, leaf.message_id,
       c.titled_by
FROM conversations c LEFT JOIN messages leaf ON leaf.message_key = c.leaf_key
"""
# Newest activity gets the highest number of this person's.
NEXT_ACTIVITY = "(SELECT ifnull(max(activity), 0) + 1 FROM conversations WHERE person_key = ?1)"


async def insert(tx: Connection, person_key: int, conversation: Conversation) -> None:
    """Adds a conversation. It has no messages yet, so its leaf comes later, by `set_leaf`."""
    await changed_rows(
        tx,
        f"""
        INSERT INTO conversations
            (person_key, conversation_id, title, created_at, updated_at, titled_by, activity)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, {NEXT_ACTIVITY})
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


async def find(reader: Connection, person_key: int, conversation_id: str) -> Conversation | None:
    """This person's conversation of that id."""
    row = await first_row(
        reader,
        SELECT + "WHERE c.conversation_id = ? AND c.person_key = ?",
        (conversation_id, person_key),
    )
    return _conversation(row) if row else None


async def list_recent(
    reader: Connection, person_key: int, limit: int = 200
) -> tuple[Conversation, ...]:
    """This person's conversations, newest activity first."""
    rows = await all_rows(
        reader,
        SELECT + "WHERE c.person_key = ? ORDER BY c.activity DESC LIMIT ?",
        (person_key, limit),
    )
    return tuple(_conversation(row) for row in rows)


async def rename(tx: Connection, person_key: int, conversation_id: str, title: str) -> bool:
    """The person's own title from now on; its place in the list stays. False when there is none."""
    changed = await changed_rows(
        tx,
        "UPDATE conversations SET title = ?, titled_by = 'person' "
        "WHERE conversation_id = ? AND person_key = ?",
        (title, conversation_id, person_key),
    )
    return changed == 1


async def title_by_model(tx: Connection, person_key: int, conversation_id: str, title: str) -> bool:
    """A model's title in place of the first words. False when somebody was there before."""
    changed = await changed_rows(
        tx,
        "UPDATE conversations SET title = ?, titled_by = 'model' "
        "WHERE conversation_id = ? AND person_key = ? AND titled_by = 'box'",
        (title, conversation_id, person_key),
    )
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
    turns = await changed_rows(tx, f"DELETE FROM turns WHERE conversation_key = {mine}", parameters)
    messages = await changed_rows(
        tx, f"DELETE FROM messages WHERE conversation_key = {mine}", parameters
    )
    conversations = await changed_rows(
        tx, "DELETE FROM conversations WHERE conversation_id = ? AND person_key = ?", parameters
    )
    return DeleteReceipt(conversations=conversations, messages=messages, turns=turns)


def _conversation(row: Row) -> Conversation:
    conversation_id, title, created_at, updated_at, leaf_id, titled_by = row
    return Conversation(
        conversation_id, title, created_at, updated_at, leaf_id, TitledBy(titled_by)
    )
