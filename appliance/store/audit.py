"""The table `audit`: what was done to accounts, and by whom. Rows are added and never changed."""

from aiosqlite import Connection

from appliance.accounts.account import AuditEntry
from appliance.store.rows import all_rows, changed_rows

DAYS_KEPT = 400
# ?1 an act or any, ?2 a name on either side or any, ?3 the last one of the page before or none.
SELECT = """
SELECT audit_key, at, act, who, about, address FROM audit
WHERE (?1 = '' OR act = ?1) AND (?2 = '' OR who = ?2 OR about = ?2) AND (?3 = 0 OR audit_key < ?3)
ORDER BY audit_key DESC LIMIT ?4
"""


async def insert(
    tx: Connection, at: int, act: str, who: str, who_id: str, about: str, address: str
) -> None:
    """One more line."""
    await changed_rows(
        tx,
        "INSERT INTO audit (at, act, who, who_id, about, address) VALUES (?, ?, ?, ?, ?, ?)",
        (at, act, who, who_id, about, address),
    )


async def newest(
    reader: Connection, act: str, name: str, before: int, limit: int
) -> tuple[AuditEntry, ...]:
    """The newest lines before that number; of one act, or about one name, if these are given."""
    rows = await all_rows(reader, SELECT, (act, name, before, limit))
    return tuple(AuditEntry(*row) for row in rows)


async def delete_old(tx: Connection) -> None:
    """Lines are kept for 400 days."""
    sql = f"DELETE FROM audit WHERE at <= unixepoch() - {DAYS_KEPT} * 86400"
    await changed_rows(tx, sql, ())
