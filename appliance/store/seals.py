"""The table `seals`: which accounts are sealed, and their keys under two locks."""

from dataclasses import dataclass
from typing import Literal

from aiosqlite import Connection

from appliance.conversations.conversation import Person
from appliance.store.rows import all_rows, changed_rows, first_row

COLUMNS = "seal_id, by_password, by_code, sealed_at"


@dataclass(frozen=True, slots=True)
class Seal:
    """Whoever has one of the two secrets can open the key in it; nobody else can."""

    seal_id: str
    by_password: str
    by_code: str
    sealed_at: int


async def insert(tx: Connection, person_key: int, seal: Seal) -> None:
    """From now on this person's words are written sealed; those that are there must be already."""
    await changed_rows(
        tx,
        "INSERT INTO seals (account_key, seal_id, by_password, by_code, sealed_at) "
        "VALUES (?, ?, ?, ?, ?)",
        (person_key, seal.seal_id, seal.by_password, seal.by_code, seal.sealed_at),
    )
    await _mark(tx, person_key, True)


async def find(reader: Connection, person_key: int) -> Seal | None:
    """This person's; None when the account is not sealed."""
    row = await first_row(
        reader, f"SELECT {COLUMNS} FROM seals WHERE account_key = ?", (person_key,)
    )
    return Seal(*row) if row else None


async def rewrap(
    tx: Connection, person_key: int, lock: Literal["by_password", "by_code"], wrapped: str
) -> None:
    """The same key under another lock of that kind."""
    await changed_rows(
        tx, f"UPDATE seals SET {lock} = ? WHERE account_key = ?", (wrapped, person_key)
    )


async def mark_swept(tx: Connection, person_key: int) -> None:
    """Nothing of before the sealing is left."""
    await changed_rows(tx, "UPDATE seals SET is_swept = 1 WHERE account_key = ?", (person_key,))


async def unswept(reader: Connection) -> tuple[Person, ...]:
    """Whose sealing was broken off before all of the old was gone."""
    rows = await all_rows(
        reader,
        "SELECT p.person_key, p.person_id, p.name FROM seals s "
        "JOIN people p ON p.person_key = s.account_key WHERE s.is_swept = 0",
        (),
    )
    return tuple(Person(*row) for row in rows)


async def delete(tx: Connection, person_key: int) -> None:
    """From now on this person's words are written as they are."""
    await changed_rows(tx, "DELETE FROM seals WHERE account_key = ?", (person_key,))
    await _mark(tx, person_key, False)


async def _mark(tx: Connection, person_key: int, is_sealed: bool) -> None:
    """Kept beside, for whoever asks who may come in."""
    await changed_rows(
        tx, "UPDATE people SET is_sealed = ? WHERE person_key = ?", (is_sealed, person_key)
    )
