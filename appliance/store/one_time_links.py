"""The table `one_time_links`: invitations and resets. Keys are kept as hashes."""

from aiosqlite import Connection

from appliance.accounts.account import AccountRole, LinkPurpose, OneTimeLink
from appliance.conversations.conversation import Person
from appliance.store.rows import Row, all_rows, changed_rows, first_row

SELECT = """
SELECT l.link_id, l.purpose, about.person_key, about.person_id, about.name, l.role, maker.name,
    l.created_at, l.expires_at
FROM one_time_links l
LEFT JOIN people about ON about.person_key = l.account_key
LEFT JOIN people maker ON maker.person_key = l.made_by_key
"""


async def insert(
    tx: Connection, link: OneTimeLink, key_hash: bytes, made_by_key: int | None
) -> None:
    """A new one; a reset takes the place of the last one for the same account."""
    account_key = link.about.person_key if link.about else None
    await changed_rows(
        tx,
        "DELETE FROM one_time_links WHERE purpose = 'reset' AND account_key = ?",
        (account_key,),
    )
    await changed_rows(
        tx,
        "INSERT INTO one_time_links (link_id, key_hash, purpose, account_key, role, made_by_key, "
        "created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            link.link_id,
            key_hash,
            link.purpose.value,
            account_key,
            link.role.value,
            made_by_key,
            link.created_at,
            link.expires_at,
        ),
    )


async def find(reader: Connection, key_hash: bytes, now: int) -> OneTimeLink | None:
    """The link of that key, if it is good still."""
    row = await first_row(
        reader, SELECT + "WHERE l.key_hash = ? AND l.expires_at > ?", (key_hash, now)
    )
    return _link_of(row) if row else None


async def open_ones(reader: Connection, now: int) -> tuple[OneTimeLink, ...]:
    """All that are good still, newest first."""
    rows = await all_rows(
        reader, SELECT + "WHERE l.expires_at > ? ORDER BY l.link_key DESC", (now,)
    )
    return tuple(_link_of(row) for row in rows)


async def delete(tx: Connection, link_id: str) -> bool:
    """It is used, or not wanted any more; False when it was gone."""
    sql = "DELETE FROM one_time_links WHERE link_id = ?"
    return await changed_rows(tx, sql, (link_id,)) == 1


async def delete_made_by(tx: Connection, person_key: int) -> None:
    """Whoever may not invite any more leaves no open door."""
    await changed_rows(tx, "DELETE FROM one_time_links WHERE made_by_key = ?", (person_key,))


async def delete_old(tx: Connection, now: int) -> None:
    """Those that are not good any more."""
    await changed_rows(tx, "DELETE FROM one_time_links WHERE expires_at <= ?", (now,))


def _link_of(row: Row) -> OneTimeLink:
    return OneTimeLink(
        link_id=row[0],
        purpose=LinkPurpose(row[1]),
        about=Person(row[2], row[3], row[4]) if row[2] else None,
        role=AccountRole(row[5]),
        made_by=row[6] or "",
        created_at=row[7],
        expires_at=row[8],
    )
