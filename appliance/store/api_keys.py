"""The table `api_keys`: keys for programs, known by their digests."""

from aiosqlite import Connection

from appliance.accounts.api_key import ApiKey, Scope
from appliance.accounts.limit import UNLIMITED, Limit
from appliance.store.rows import Row, all_rows, changed_rows, first_row

NAMES = (
    *("api_key_id", "name", "beginning", "scopes", "created_at", "requests_per_minute"),
    *("tokens_per_day", "expires_at", "last_used_at"),
)
COLUMNS = ", ".join(f"api_keys.{name}" for name in NAMES)


async def insert(tx: Connection, person_key: int, key: ApiKey, digest: bytes) -> None:
    """Adds a key; its secret is not among what is stored."""
    await changed_rows(
        tx,
        f"INSERT INTO api_keys (account_key, digest, {', '.join(NAMES)}) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            person_key,
            digest,
            key.key_id,
            key.name,
            key.beginning,
            " ".join(sorted(key.scopes)),
            key.created_at,
            key.limit.requests_per_minute,
            key.limit.tokens_per_day,
            key.expires_at,
            key.last_used_at,
        ),
    )


async def of_person(reader: Connection, person_key: int) -> tuple[ApiKey, ...]:
    """All of this person's, newest first."""
    rows = await all_rows(
        reader,
        f"SELECT {COLUMNS} FROM api_keys WHERE account_key = ? ORDER BY api_key_key DESC",
        (person_key,),
    )
    return tuple(_key_of(row) for row in rows)


async def find(reader: Connection, digest: bytes) -> tuple[str, ApiKey] | None:
    """The key with that digest, and the id of whose it is: the one query without a person."""
    row = await first_row(
        reader,
        f"SELECT person_id, {COLUMNS} FROM api_keys JOIN people ON person_key = account_key "
        "WHERE digest = ?",
        (digest,),
    )
    return (row[0], _key_of(row[1:])) if row else None


async def limit_of(reader: Connection, key_id: str) -> Limit:
    """What this key may ask for; none for one that is gone."""
    row = await first_row(
        reader,
        "SELECT requests_per_minute, tokens_per_day FROM api_keys WHERE api_key_id = ?",
        (key_id,),
    )
    return Limit(*row) if row else UNLIMITED


async def note_use(tx: Connection, key_id: str, now: int) -> None:
    """It was used just now."""
    await changed_rows(
        tx, "UPDATE api_keys SET last_used_at = ? WHERE api_key_id = ?", (now, key_id)
    )


async def delete(tx: Connection, person_key: int, key_id: str) -> bool:
    """Deletes it. False when this person has none of that id."""
    deleted = await changed_rows(
        tx, "DELETE FROM api_keys WHERE api_key_id = ? AND account_key = ?", (key_id, person_key)
    )
    return deleted == 1


def _key_of(row: Row) -> ApiKey:
    return ApiKey(
        key_id=row[0],
        name=row[1],
        beginning=row[2],
        scopes=frozenset(map(Scope, row[3].split())),
        created_at=row[4],
        limit=Limit(row[5], row[6]),
        expires_at=row[7],
        last_used_at=row[8],
    )
