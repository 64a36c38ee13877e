"""The table `usage`: how much each person has asked of the model, by day and by key."""

from aiosqlite import Connection

from appliance.accounts.tally import DayTally, PersonTally, Tally
from appliance.store.rows import all_rows, changed_rows, first_row

# A person who was deleted meanwhile has no row to be counted in.
ADD = """
INSERT INTO usage (account_key, day, api_key_id, requests, prompt_tokens, completion_tokens)
SELECT person_key, ?2, ?3, ?4, ?5, ?6 FROM people WHERE person_key = ?1
ON CONFLICT (account_key, day, api_key_id) DO UPDATE SET
    requests = requests + excluded.requests,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    completion_tokens = completion_tokens + excluded.completion_tokens
"""
TOKENS = """
SELECT ifnull(sum(prompt_tokens + completion_tokens), 0),
       ifnull(sum(prompt_tokens + completion_tokens) FILTER (WHERE api_key_id = ?3), 0)
FROM usage WHERE account_key = ?1 AND day = ?2
"""
SUMS = "sum(requests), sum(prompt_tokens), sum(completion_tokens)"


async def add(tx: Connection, person_key: int, day: str, key_id: str, more: Tally) -> None:
    """Adds to what this person has used on that day."""
    numbers = (more.requests, more.prompt_tokens, more.completion_tokens)
    await changed_rows(tx, ADD, (person_key, day, key_id, *numbers))


async def keep_newest(tx: Connection, days: int) -> None:
    """Deletes what is older than the newest so many days that have any use.

    Counted and not reckoned back from today: a clock that is wrong for a moment deletes nothing.
    """
    newest = "SELECT DISTINCT day FROM usage ORDER BY day DESC LIMIT ?"
    await changed_rows(tx, f"DELETE FROM usage WHERE day NOT IN ({newest})", (days,))


async def tokens_on(reader: Connection, person_key: int, day: str, key_id: str) -> tuple[int, int]:
    """Tokens of that day: all of this person's, and those of one key among them."""
    row = await first_row(reader, TOKENS, (person_key, day, key_id))
    assert row is not None, "a sum has a row"
    return row[0], row[1]


async def by_day(
    reader: Connection, person_key: int, first: str, last: str
) -> tuple[DayTally, ...]:
    """This person's days with any use, oldest first."""
    rows = await all_rows(
        reader,
        f"SELECT day, {SUMS} FROM usage WHERE account_key = ? AND day BETWEEN ? AND ? "
        "GROUP BY day ORDER BY day",
        (person_key, first, last),
    )
    return tuple(DayTally(row[0], Tally(*row[1:])) for row in rows)


async def by_key(reader: Connection, person_key: int, first: str, last: str) -> dict[str, Tally]:
    """The same by key id; that of the page is empty."""
    rows = await all_rows(
        reader,
        f"SELECT api_key_id, {SUMS} FROM usage WHERE account_key = ? AND day BETWEEN ? AND ? "
        "GROUP BY api_key_id",
        (person_key, first, last),
    )
    return {row[0]: Tally(*row[1:]) for row in rows}


async def by_person(reader: Connection, first: str, last: str) -> tuple[PersonTally, ...]:
    """Everybody's numbers, those who used most first."""
    rows = await all_rows(
        reader,
        f"SELECT p.person_id, p.name, {SUMS} "
        "FROM usage JOIN people p ON p.person_key = account_key "
        "WHERE day BETWEEN ? AND ? GROUP BY p.person_key "
        "ORDER BY sum(prompt_tokens + completion_tokens) DESC, p.person_key",
        (first, last),
    )
    return tuple(PersonTally(row[0], row[1], Tally(*row[2:])) for row in rows)
