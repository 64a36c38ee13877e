"""The tables `second_factors` and `spare_codes`: of whom a code is asked, and what answers."""

from collections.abc import Iterable
from typing import NamedTuple

from aiosqlite import Connection

from appliance.store.rows import changed_rows, first_row


class SecondFactorRow(NamedTuple):
    """`secret` is ciphertext; the two steps are those of codes that are good no more."""

    secret: bytes
    used_step: int
    told_step: int
    created_at: int
    spare_codes: int


async def find(reader: Connection, account_key: int) -> SecondFactorRow | None:
    """None where only the password is asked for."""
    row = await first_row(
        reader,
        "SELECT secret, used_step, told_step, created_at, "
        "(SELECT count(*) FROM spare_codes s WHERE s.account_key = f.account_key) "
        "FROM second_factors f WHERE account_key = ?",
        (account_key,),
    )
    return SecondFactorRow(*row) if row else None


async def insert(tx: Connection, account_key: int, secret: bytes, used_step: int, now: int) -> bool:
    """From now on a code is asked for; False when one is already."""
    changed = await changed_rows(
        tx,
        "INSERT OR IGNORE INTO second_factors (account_key, secret, used_step, created_at) "
        "VALUES (?, ?, ?, ?)",
        (account_key, secret, used_step, now),
    )
    return changed == 1


async def mark_used(tx: Connection, account_key: int, step: int) -> None:
    """The code of that time step was taken, and no older one is."""
    await changed_rows(
        tx, "UPDATE second_factors SET used_step = ? WHERE account_key = ?", (step, account_key)
    )


async def mark_told(tx: Connection, account_key: int, step: int) -> None:
    """Somebody was told that the code of that time step is one of another time."""
    await changed_rows(
        tx, "UPDATE second_factors SET told_step = ? WHERE account_key = ?", (step, account_key)
    )


async def delete(tx: Connection, account_key: int) -> bool:
    """Only the password is asked for again; False when it was so before. Spare codes go along."""
    sql = "DELETE FROM second_factors WHERE account_key = ?"
    return await changed_rows(tx, sql, (account_key,)) == 1


async def set_spare_codes(tx: Connection, account_key: int, hashes: Iterable[bytes]) -> None:
    """These, and none of those before."""
    await changed_rows(tx, "DELETE FROM spare_codes WHERE account_key = ?", (account_key,))
    for code_hash in hashes:
        await changed_rows(
            tx,
            "INSERT INTO spare_codes (account_key, code_hash) VALUES (?, ?)",
            (account_key, code_hash),
        )


async def use_spare_code(tx: Connection, account_key: int, code_hash: bytes) -> bool:
    """It is good no more; False when it was none."""
    sql = "DELETE FROM spare_codes WHERE account_key = ? AND code_hash = ?"
    return await changed_rows(tx, sql, (account_key, code_hash)) == 1
