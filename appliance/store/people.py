"""The table `people`: whose words are kept, and who can sign in."""

from typing import NamedTuple

from aiosqlite import Connection

from appliance.accounts.account import Account, AccountRole
from appliance.conversations.conversation import Person, new_id
from appliance.store.rows import Row, all_rows, changed_rows, first_row

FIRST = "SELECT person_key, person_id, name FROM people ORDER BY person_key LIMIT 1"
COLUMNS = (
    "person_key, person_id, name, role, is_disabled, created_at, is_sealed, password_generation"
)
SELECT = f"SELECT {COLUMNS} FROM people "
# Who can look after the box; never none, once there was one.
ACTIVE_ADMINS = """
SELECT count(*) FROM people
WHERE role = 'admin' AND is_disabled = 0 AND password_hash IS NOT NULL AND person_key <> ?
"""


class Known(NamedTuple):
    """An account, and the hash that its password is compared with."""

    account: Account
    password_hash: str


async def local_person(tx: Connection) -> Person:
    """The first person of the box, and the one whose it is before it is set up; made at the first
    call.
    """
    row = await first_row(tx, FIRST, ())
    if row is None:
        await changed_rows(
            tx,
            "INSERT INTO people (person_id, name, created_at) VALUES (?, 'you', unixepoch())",
            (new_id(),),
        )
        row = await first_row(tx, FIRST, ())
    assert row is not None
    return Person(*row)


async def remember(tx: Connection, person: Person) -> None:
    """Make a person known to a database that is not the one they were made in."""
    await changed_rows(
        tx,
        "INSERT OR IGNORE INTO people (person_key, person_id, name, created_at) "
        "VALUES (?, ?, ?, unixepoch())",
        (person.person_key, person.person_id, person.name),
    )


async def is_set_up(reader: Connection) -> bool:
    """Whether anybody can sign in."""
    sql = "SELECT 1 FROM people WHERE password_hash IS NOT NULL LIMIT 1"
    return await first_row(reader, sql, ()) is not None


async def insert(
    tx: Connection, name: str, name_key: str, role: AccountRole, password_hash: str, now: int
) -> Account:
    """A new account. Its name is free: see `by_name`."""
    person_id = new_id()
    await changed_rows(
        tx,
        "INSERT INTO people (person_id, name, name_key, role, password_hash, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (person_id, name, name_key, role.value, password_hash, now),
    )
    row = await first_row(tx, SELECT + "WHERE person_id = ?", (person_id,))
    assert row is not None
    return account_of(row)


async def all_accounts(reader: Connection) -> tuple[Account, ...]:
    """Everybody who can sign in, or could if they were not disabled; oldest first."""
    rows = await all_rows(reader, SELECT + "WHERE name_key IS NOT NULL ORDER BY person_key", ())
    return tuple(account_of(row) for row in rows)


async def by_id(reader: Connection, person_id: str) -> Account | None:
    """The account of that id."""
    row = await first_row(
        reader, SELECT + "WHERE person_id = ? AND name_key IS NOT NULL", (person_id,)
    )
    return account_of(row) if row else None


async def by_key(reader: Connection, person_key: int) -> Account | None:
    """The account with that key."""
    row = await first_row(
        reader, SELECT + "WHERE person_key = ? AND name_key IS NOT NULL", (person_key,)
    )
    return account_of(row) if row else None


async def by_name(reader: Connection, name_key: str) -> Known | None:
    """The account of that name."""
    row = await first_row(
        reader, f"SELECT {COLUMNS}, password_hash FROM people WHERE name_key = ?", (name_key,)
    )
    return Known(account_of(row), row[8]) if row else None


async def admins_besides(reader: Connection, person_key: int) -> int:
    """How many others can look after the box."""
    row = await first_row(reader, ACTIVE_ADMINS, (person_key,))
    return int(row[0]) if row else 0


async def set_password(tx: Connection, person_key: int, password_hash: str) -> None:
    """Another password. Whoever was about to come in with the one before is not let in."""
    await changed_rows(
        tx,
        "UPDATE people SET password_hash = ?, password_generation = password_generation + 1 "
        "WHERE person_key = ?",
        (password_hash, person_key),
    )


async def renew_password(tx: Connection, person_key: int, old_hash: str, new_hash: str) -> None:
    """The same password at another cost, unless it is another one by now."""
    await changed_rows(
        tx,
        "UPDATE people SET password_hash = ? WHERE person_key = ? AND password_hash = ?",
        (new_hash, person_key, old_hash),
    )


async def may_still_enter(reader: Connection, account: Account) -> bool:
    """Whether the account is there, is not disabled, and has the password that it had then."""
    sql = "SELECT is_disabled, password_generation FROM people WHERE person_key = ?"
    row = await first_row(reader, sql, (account.person.person_key,))
    return row is not None and not row[0] and row[1] == account.password_generation


async def set_name(tx: Connection, person_key: int, name: str, name_key: str) -> None:
    """Another name, which is free."""
    await changed_rows(
        tx,
        "UPDATE people SET name = ?, name_key = ? WHERE person_key = ?",
        (name, name_key, person_key),
    )


async def set_role(tx: Connection, person_key: int, role: AccountRole) -> None:
    """Another role."""
    await _set(tx, person_key, "role", role.value)


async def set_disabled(tx: Connection, person_key: int, is_disabled: bool) -> None:
    """Whether the account may be used."""
    await _set(tx, person_key, "is_disabled", is_disabled)


async def set_language(tx: Connection, person_key: int, code: str) -> None:
    """Another language of the page."""
    await _set(tx, person_key, "language", code)


async def language(reader: Connection, person_key: int) -> str:
    """The language that was chosen; empty for none."""
    sql = "SELECT language FROM people WHERE person_key = ?"
    row = await first_row(reader, sql, (person_key,))
    return row[0] if row else ""


async def delete(tx: Connection, person_key: int) -> None:
    """The account with its sign-ins and links. What was said is gone already."""
    await changed_rows(tx, "DELETE FROM people WHERE person_key = ?", (person_key,))


async def _set(tx: Connection, person_key: int, column: str, value: object) -> None:
    await changed_rows(
        tx, f"UPDATE people SET {column} = ? WHERE person_key = ?", (value, person_key)
    )


def account_of(row: Row) -> Account:
    """An account from a row of COLUMNS."""
    return Account(
        person=Person(row[0], row[1], row[2]),
        role=AccountRole(row[3]),
        is_disabled=bool(row[4]),
        created_at=row[5],
        is_sealed=bool(row[6]),
        password_generation=row[7],
    )
