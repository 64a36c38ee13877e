"""What an administrator has set: the table `limits_of_everybody`, and two columns of `people`."""

from aiosqlite import Connection

from appliance.accounts.limit import Limit
from appliance.store.rows import changed_rows, first_row


async def of_everybody(reader: Connection) -> Limit | None:
    """None when nobody has set any."""
    row = await first_row(
        reader, "SELECT requests_per_minute, tokens_per_day FROM limits_of_everybody", ()
    )
    return Limit(*row) if row else None


async def of_person(reader: Connection, person_id: str) -> Limit | None:
    """This person's own; None when there is none, or no such person."""
    row = await first_row(
        reader,
        "SELECT requests_per_minute, tokens_per_day FROM people "
        "WHERE person_id = ? AND requests_per_minute IS NOT NULL",
        (person_id,),
    )
    return Limit(*row) if row else None


async def set_of_everybody(tx: Connection, limit: Limit | None) -> None:
    """None takes it back."""
    await changed_rows(tx, "DELETE FROM limits_of_everybody", ())
    if limit is not None:
        await changed_rows(
            tx,
            "INSERT INTO limits_of_everybody VALUES (1, ?, ?)",
            (limit.requests_per_minute, limit.tokens_per_day),
        )


async def set_of_person(tx: Connection, person_id: str, limit: Limit | None) -> None:
    """None takes it back."""
    numbers = (limit.requests_per_minute, limit.tokens_per_day) if limit else (None, None)
    await changed_rows(
        tx,
        "UPDATE people SET requests_per_minute = ?, tokens_per_day = ? WHERE person_id = ?",
        (*numbers, person_id),
    )
