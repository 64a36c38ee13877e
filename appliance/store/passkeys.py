"""The table `passkeys`: keys of devices by which somebody comes in without a password."""

from aiosqlite import Connection

from appliance.accounts.passkey import Passkey
from appliance.store.rows import Row, all_rows, changed_rows, first_row

SELECT = """
SELECT passkey_id, account_key, credential_id, public_key, sign_count, host, name, created_at,
    last_used_at
FROM passkeys
"""


async def insert(tx: Connection, passkey: Passkey) -> bool:
    """A new one; False when the device's key is known already."""
    changed = await changed_rows(
        tx,
        "INSERT OR IGNORE INTO passkeys (passkey_id, account_key, credential_id, public_key, "
        "sign_count, host, name, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            passkey.passkey_id,
            passkey.account_key,
            passkey.credential_id,
            passkey.public_key,
            passkey.sign_count,
            passkey.host,
            passkey.name,
            passkey.created_at,
        ),
    )
    return changed == 1


async def of_account(reader: Connection, account_key: int) -> tuple[Passkey, ...]:
    """Oldest first."""
    rows = await all_rows(
        reader, SELECT + "WHERE account_key = ? ORDER BY passkey_key", (account_key,)
    )
    return tuple(_passkey_of(row) for row in rows)


async def by_credential(reader: Connection, credential_id: bytes) -> Passkey | None:
    """Whoever's it is."""
    row = await first_row(reader, SELECT + "WHERE credential_id = ?", (credential_id,))
    return _passkey_of(row) if row else None


async def note_use(tx: Connection, passkey_id: str, sign_count: int, now: int) -> bool:
    """It was used; False when its own count of uses has not grown, or it is gone.

    Devices that do not count say 0 each time.
    """
    changed = await changed_rows(
        tx,
        "UPDATE passkeys SET sign_count = ?2, last_used_at = ?3 WHERE passkey_id = ?1 "
        "AND (sign_count < ?2 OR (sign_count = 0 AND ?2 = 0))",
        (passkey_id, sign_count, now),
    )
    return changed == 1


async def delete(tx: Connection, account_key: int, passkey_id: str) -> str | None:
    """The name of the one that is gone; None when this account has none such."""
    rows = await all_rows(
        tx,
        "DELETE FROM passkeys WHERE passkey_id = ? AND account_key = ? RETURNING name",
        (passkey_id, account_key),
    )
    return rows[0][0] if rows else None


async def delete_all(tx: Connection, account_key: int) -> int:
    """How many there were."""
    return await changed_rows(tx, "DELETE FROM passkeys WHERE account_key = ?", (account_key,))


async def any_under(reader: Connection, host: str) -> bool:
    """Whether anybody has one that works there."""
    sql = "SELECT 1 FROM passkeys WHERE host = ? LIMIT 1"
    return await first_row(reader, sql, (host,)) is not None


def _passkey_of(row: Row) -> Passkey:
    return Passkey(*row)
