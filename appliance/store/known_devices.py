"""The table `known_devices`: browsers in which somebody was in once, by the hash of a key."""

from aiosqlite import Connection

from appliance.store.rows import changed_rows, first_row

# The newest of an account stay.
SURPLUS = """
DELETE FROM known_devices WHERE account_key = ?1 AND device_hash NOT IN (
    SELECT device_hash FROM known_devices WHERE account_key = ?1
    ORDER BY seen_at DESC LIMIT ?2)
"""


async def remember(
    tx: Connection, account_key: int, device_hash: bytes, now: int, kept: int
) -> None:
    """Somebody has signed in there; of each account so many are kept."""
    await changed_rows(
        tx,
        "INSERT OR REPLACE INTO known_devices (account_key, device_hash, seen_at) VALUES (?, ?, ?)",
        (account_key, device_hash, now),
    )
    await changed_rows(tx, SURPLUS, (account_key, kept))


async def is_known(reader: Connection, account_key: int, device_hash: bytes) -> bool:
    """Whether that account was signed in there."""
    sql = "SELECT 1 FROM known_devices WHERE account_key = ? AND device_hash = ?"
    return await first_row(reader, sql, (account_key, device_hash)) is not None


async def forget_all(tx: Connection, account_key: int) -> None:
    """None is known any more."""
    await changed_rows(tx, "DELETE FROM known_devices WHERE account_key = ?", (account_key,))
