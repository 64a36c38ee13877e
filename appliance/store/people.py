"""The table `people`."""

from aiosqlite import Connection

from appliance.conversations.conversation import Person, new_id
from appliance.store.rows import changed_rows, first_row

FIRST = "SELECT person_key, person_id, name FROM people ORDER BY person_key LIMIT 1"


async def local_person(tx: Connection) -> Person:
    """The one person of a box that has no accounts yet; made at the first call."""
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
