"""The table `documents`: what was put in, whose it is, and how far it has come.

Every query that a person's request leads to names the person, and finds what is theirs or
everybody's; changes name the owner. Their text stands in `chunks`; how far they have come is
written in document_states.py.
"""

from collections.abc import Collection, Mapping

import msgspec
from aiosqlite import Connection

from appliance.documents.document import Document, DocumentState, Place
from appliance.errors import NotFound
from appliance.recall.documents import NamedDocument
from appliance.sentences import say
from appliance.store import chunks
from appliance.store.cells import TITLE
from appliance.store.chunks import EVERYBODY
from appliance.store.rows import Row, all_rows, changed_rows, first_row

COLUMNS = f"""
d.document_key, d.document_id, d.name, d.kind, d.size_bytes, d.pages, d.passages, d.created_at,
d.state, d.why, d.person_key, c.conversation_id, {TITLE.read("c")},
(SELECT count(*) FROM chunks k WHERE k.document_key = d.document_key AND k.embedded_in > 0)
"""
SELECT = f"""
SELECT {COLUMNS} FROM documents d LEFT JOIN conversations c USING (conversation_key)
"""
SEEN_BY = f"d.person_key IN (?1, {EVERYBODY})"

_NO_CONVERSATION = say("There is no such conversation. It may have been deleted.")


async def insert(
    tx: Connection,
    place: Place,
    document_id: str,
    name: str,
    now: int,
    folder: tuple[str, str] = ("", ""),
) -> int:
    """A document that is being received; its key. `folder` is where it lies in the watched folder,
    and its stamp. NotFound unless the conversation is the owner's.
    """
    changed = await changed_rows(
        tx,
        """
        INSERT INTO documents (document_id, person_key, conversation_key, name, created_at, state,
                               folder_path, folder_stamp)
        SELECT ?1, ?2,
            (SELECT conversation_key FROM conversations
             WHERE conversation_id = ?3 AND person_key = ?2),
            ?4, ?5, 'receiving', nullif(?6, ''), nullif(?7, '')
        WHERE ?3 IS NULL OR EXISTS
            (SELECT 1 FROM conversations WHERE conversation_id = ?3 AND person_key = ?2)
        """,
        (document_id, place.owner_key, place.conversation_id, name, now, *folder),
    )
    if not changed:
        raise NotFound(_NO_CONVERSATION)
    row = await first_row(
        tx, "SELECT document_key FROM documents WHERE document_id = ?", (document_id,)
    )
    assert row is not None, "it was inserted just now"
    return int(row[0])


async def find(reader: Connection, person_key: int, document_id: str) -> Document | None:
    """One that this person sees."""
    row = await first_row(
        reader, f"{SELECT} WHERE {SEEN_BY} AND d.document_id = ?2", (person_key, document_id)
    )
    return _document(row) if row else None


async def list_all(reader: Connection, person_key: int) -> tuple[Document, ...]:
    """All that this person sees, those of their conversations too; newest first."""
    sql = f"{SELECT} WHERE {SEEN_BY} ORDER BY d.document_key DESC"
    return tuple(map(_document, await all_rows(reader, sql, (person_key,))))


async def of_conversation(
    reader: Connection, person_key: int, conversation_id: str
) -> tuple[Document, ...]:
    """Those that only this conversation sees, oldest first. NotFound unless it is this person's."""
    mine = "SELECT 1 FROM conversations WHERE person_key = ? AND conversation_id = ?"
    if await first_row(reader, mine, (person_key, conversation_id)) is None:
        raise NotFound(_NO_CONVERSATION)
    sql = f"{SELECT} WHERE d.person_key = ?1 AND c.conversation_id = ?2 ORDER BY d.document_key"
    return tuple(map(_document, await all_rows(reader, sql, (person_key, conversation_id))))


async def names(
    reader: Connection, person_key: int, document_keys: Collection[int]
) -> Mapping[int, NamedDocument]:
    """Those that this person sees, by their key: recall asks for them."""
    wanted = msgspec.json.encode(list(document_keys)).decode()
    rows = await all_rows(
        reader,
        f"SELECT d.document_key, d.document_id, d.name FROM documents d WHERE {SEEN_BY} "
        "AND d.document_key IN (SELECT value FROM json_each(?2))",
        (person_key, wanted),
    )
    return {row[0]: NamedDocument(row[1], row[2]) for row in rows}


async def count_and_bytes(reader: Connection, person_key: int) -> tuple[int, int]:
    """How many documents are this person's own, and how much their files take."""
    row = await first_row(
        reader,
        "SELECT count(*), ifnull(sum(size_bytes), 0) FROM documents WHERE person_key = ?",
        (person_key,),
    )
    assert row is not None, "a count has a row"
    return int(row[0]), int(row[1])


async def delete(tx: Connection, owner_key: int, document_id: str) -> bool:
    """The row and its chunks; False when there is none. Its file is for `DocumentFiles`.

    Call `database.truncate_wal()` after the block, as after every deletion.
    """
    row = await first_row(
        tx,
        "DELETE FROM documents WHERE document_id = ? AND person_key = ? RETURNING document_key",
        (document_id, owner_key),
    )
    if row is not None:
        await chunks.delete_of_document(tx, owner_key, row[0])
    return row is not None


async def delete_of_conversation(tx: Connection, person_key: int, conversation_id: str) -> int:
    """Those that only it sees; how many there were. Before the conversation goes."""
    rows = await all_rows(
        tx,
        "SELECT document_id FROM documents WHERE person_key = ?1 AND conversation_key = "
        "(SELECT conversation_key FROM conversations WHERE conversation_id = ?2 "
        "AND person_key = ?1)",
        (person_key, conversation_id),
    )
    for (document_id,) in rows:
        await delete(tx, person_key, document_id)
    return len(rows)


async def ids_of(reader: Connection, owner_key: int) -> tuple[str, ...]:
    """All that are this owner's."""
    sql = "SELECT document_id FROM documents WHERE person_key = ?"
    return tuple(row[0] for row in await all_rows(reader, sql, (owner_key,)))


async def ids_with_files(reader: Connection) -> frozenset[str]:
    """Of all people: whose file there is to be."""
    rows = await all_rows(reader, "SELECT document_id FROM documents WHERE state <> 'refused'", ())
    return frozenset(row[0] for row in rows)


async def in_folder(reader: Connection) -> Mapping[str, Mapping[str, str]]:
    """What was taken from the watched folder: by its path there, the ids and their stamps."""
    rows = await all_rows(
        reader,
        "SELECT folder_path, document_id, folder_stamp FROM documents "
        "WHERE folder_path IS NOT NULL AND person_key = ? ORDER BY document_key",
        (EVERYBODY,),
    )
    found: dict[str, dict[str, str]] = {}
    for path, document_id, stamp in rows:
        found.setdefault(path, {})[document_id] = stamp
    return found


def _document(row: Row) -> Document:
    owner_key, conversation_id, title, embedded = row[10:]
    document_key, document_id, name, kind, size_bytes, pages, passages, created_at = row[:8]
    return Document(
        document_key=document_key,
        document_id=document_id,
        name=name,
        kind=kind,
        size_bytes=size_bytes,
        pages=pages,
        passages=passages,
        created_at=created_at,
        state=DocumentState(row[8]),
        why=row[9],
        is_everybodys=owner_key == EVERYBODY,
        conversation_id=conversation_id,
        conversation_title=title or "",
        embedded=embedded,
    )
