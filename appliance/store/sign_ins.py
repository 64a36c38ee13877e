"""The table `sign_ins`: browsers in which somebody is signed in. Keys are kept as hashes."""

from typing import NamedTuple

from aiosqlite import Connection

from appliance.accounts.account import Account, Device, SignIn
from appliance.conversations.conversation import Person
from appliance.store import people
from appliance.store.rows import all_rows, changed_rows, first_row

WHO = f"""
SELECT {", ".join(f"p.{column}" for column in people.COLUMNS.split(", "))},
    s.sign_in_id, s.created_at, s.seen_at
FROM sign_ins s JOIN people p ON p.person_key = s.account_key
WHERE s.key_hash = ?
"""
# The newest of an account stay.
SURPLUS = """
DELETE FROM sign_ins WHERE sign_in_key IN (
    SELECT sign_in_key FROM sign_ins WHERE account_key = ?
    ORDER BY seen_at DESC, sign_in_key DESC LIMIT -1 OFFSET ?)
RETURNING sign_in_id
"""


class Found(NamedTuple):
    """Who is signed in with a key, and since when."""

    account: Account
    sign_in_id: str
    created_at: int
    seen_at: int


async def insert(tx: Connection, account_key: int, sign_in: SignIn, key_hash: bytes) -> None:
    """A new one."""
    await changed_rows(
        tx,
        "INSERT INTO sign_ins (sign_in_id, account_key, key_hash, browser, system, created_at, "
        "seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            sign_in.sign_in_id,
            account_key,
            key_hash,
            sign_in.device.browser,
            sign_in.device.system,
            sign_in.created_at,
            sign_in.seen_at,
        ),
    )


async def find(reader: Connection, key_hash: bytes) -> Found | None:
    """Who is signed in with that key. One query."""
    row = await first_row(reader, WHO, (key_hash,))
    return Found(people.account_of(row), row[8], row[9], row[10]) if row else None


async def of_account(reader: Connection, account_key: int) -> tuple[SignIn, ...]:
    """Where somebody is signed in, latest use first."""
    rows = await all_rows(
        reader,
        "SELECT sign_in_id, browser, system, created_at, seen_at FROM sign_ins "
        "WHERE account_key = ? ORDER BY seen_at DESC, sign_in_key DESC",
        (account_key,),
    )
    return tuple(SignIn(row[0], Device(row[1], row[2]), row[3], row[4]) for row in rows)


async def last_seen(reader: Connection) -> dict[int, int]:
    """By account: when it was last used in any browser."""
    rows = await all_rows(
        reader, "SELECT account_key, max(seen_at) FROM sign_ins GROUP BY account_key", ()
    )
    return {row[0]: row[1] for row in rows}


async def touch(tx: Connection, sign_in_id: str, now: int) -> None:
    """It was used."""
    await changed_rows(
        tx, "UPDATE sign_ins SET seen_at = ? WHERE sign_in_id = ?", (now, sign_in_id)
    )


async def delete(tx: Connection, account_key: int, sign_in_id: str) -> bool:
    """Ends one of this account's; False when there is no such one."""
    changed = await changed_rows(
        tx,
        "DELETE FROM sign_ins WHERE sign_in_id = ? AND account_key = ?",
        (sign_in_id, account_key),
    )
    return changed == 1


async def delete_all(tx: Connection, account_key: int, but: str | None) -> tuple[str, ...]:
    """Ends all of this account's but that one; which they were."""
    rows = await all_rows(
        tx,
        "DELETE FROM sign_ins WHERE account_key = ? AND sign_in_id IS NOT ? RETURNING sign_in_id",
        (account_key, but),
    )
    return tuple(row[0] for row in rows)


async def has_old(reader: Connection, created_before: int, seen_before: int) -> bool:
    """Whether anybody's began or was last used by then."""
    sql = "SELECT 1 FROM sign_ins WHERE created_at <= ? OR seen_at <= ? LIMIT 1"
    return await first_row(reader, sql, (created_before, seen_before)) is not None


async def delete_old(
    tx: Connection, created_before: int, seen_before: int
) -> tuple[tuple[str, Person], ...]:
    """Ends those: each with whose it was."""
    times = (created_before, seen_before)
    rows = await all_rows(
        tx,
        "SELECT s.sign_in_id, p.person_key, p.person_id, p.name FROM sign_ins s "
        "JOIN people p ON p.person_key = s.account_key WHERE s.created_at <= ? OR s.seen_at <= ?",
        times,
    )
    await changed_rows(tx, "DELETE FROM sign_ins WHERE created_at <= ? OR seen_at <= ?", times)
    return tuple((row[0], Person(*row[1:])) for row in rows)


async def delete_surplus(tx: Connection, account_key: int, kept: int) -> tuple[str, ...]:
    """Ends those of this account that were used longest ago, beyond so many."""
    return tuple(row[0] for row in await all_rows(tx, SURPLUS, (account_key, kept)))
