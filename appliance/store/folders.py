"""The table `folders`."""

from aiosqlite import Connection

from appliance.conversations.conversation import Folder
from appliance.store.cells import FOLDER_NAME
from appliance.store.rows import all_rows, changed_rows, first_row

NAME = FOLDER_NAME.read("folders")
NEW_NAME = FOLDER_NAME.written("?1", "?2", "?3")


async def insert(tx: Connection, person_key: int, folder: Folder, created_at: int) -> None:
    """Adds a folder. Look with `find_by_name` first: a person's folders differ in their names."""
    await changed_rows(
        tx,
        "INSERT INTO folders (folder_id, person_key, name, created_at) "
        f"VALUES (?2, ?1, {NEW_NAME}, ?4)",
        (person_key, folder.folder_id, folder.name, created_at),
    )


async def find(reader: Connection, person_key: int, folder_id: str) -> Folder | None:
    """This person's folder of that id."""
    row = await first_row(
        reader,
        f"SELECT folder_id, {NAME} FROM folders WHERE folder_id = ? AND person_key = ?",
        (folder_id, person_key),
    )
    return Folder(*row) if row else None


async def find_by_name(reader: Connection, person_key: int, name: str) -> Folder | None:
    """This person's folder of exactly that name."""
    row = await first_row(
        reader,
        f"SELECT folder_id, {NAME} FROM folders WHERE person_key = ? AND {NAME} = ?",
        (person_key, name),
    )
    return Folder(*row) if row else None


async def list_all(reader: Connection, person_key: int) -> tuple[Folder, ...]:
    """This person's folders by name."""
    rows = await all_rows(
        reader,
        f"SELECT folder_id, {NAME} FROM folders WHERE person_key = ? ORDER BY 2",
        (person_key,),
    )
    return tuple(Folder(*row) for row in rows)


async def rename(tx: Connection, person_key: int, folder_id: str, name: str) -> bool:
    """False when there is no such folder."""
    changed = await changed_rows(
        tx,
        f"UPDATE folders SET name = {NEW_NAME} WHERE folder_id = ?2 AND person_key = ?1",
        (person_key, folder_id, name),
    )
    return changed == 1


async def delete(tx: Connection, person_key: int, folder_id: str) -> int:
    """Deletes the folder; its conversations stay, in none. Returns how many those are.

    Call `database.truncate_wal()` after the block: until then the name is still in the WAL.
    """
    mine = "(SELECT folder_key FROM folders WHERE folder_id = ? AND person_key = ?)"
    parameters = (folder_id, person_key)
    freed = await changed_rows(
        tx, f"UPDATE conversations SET folder_key = NULL WHERE folder_key = {mine}", parameters
    )
    await changed_rows(tx, "DELETE FROM folders WHERE folder_id = ? AND person_key = ?", parameters)
    return freed
