"""Keeping a new fact among those that are known."""

from collections.abc import Sequence

from aiosqlite import Connection

from appliance.conversations.fact import Fact
from appliance.conversations.fact_merging import merged
from appliance.store import facts


async def keep(tx: Connection, person_key: int, new: Fact, known: Sequence[Fact]) -> None:
    """Add it, unless it is one that is known; what it takes the place of stays, with its end.

    Raises NotFound when its message is gone.
    """
    merging = merged(new, known)
    if merging.same is not None:
        await facts.said_again(tx, person_key, merging.same.fact_id, new)
        return
    await facts.insert(tx, person_key, new)
    replaced = [each.fact_id for each in merging.replaced]
    await facts.supersede(tx, person_key, replaced, new.fact_id, new.said_at)
