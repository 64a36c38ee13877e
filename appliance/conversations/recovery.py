"""At start: turns that a stop or a crash left unfinished go on from where the page had come."""

from dataclasses import replace

import structlog

from appliance.conversations.line import PlaceInLine
from appliance.conversations.turn_runner import TurnRunner
from appliance.hot.token_stream import TokenStream
from appliance.store import turns
from appliance.store.database import Database

MOST_ATTEMPTS = 3
GIVEN_UP = "The box broke down three times over this reply, so it did not try again by itself."

log = structlog.get_logger(__name__)


async def resume_unfinished(
    database: Database, token_stream: TokenStream, runner: TurnRunner
) -> int:
    """Start every unfinished turn again; returns how many there were.

    After a breakdown they begin one at a time, those that were begun the fewest times first: what
    one of them does is not counted against the others. A turn that was begun three times without a
    word more may be what stops the box: it ends with what there is.
    A Valkey of its own outlives this process and may know a little more text than the last
    checkpoint: what a reader has seen is then not taken back.
    """
    async with database.read() as reader:
        unfinished = await turns.unfinished(reader)
    broke_down = any(turn.attempts for _, turn in unfinished)
    line: PlaceInLine | None = None
    for person, turn in sorted(unfinished, key=lambda each: each[1].attempts):
        seen = await token_stream.read(turn.turn_id)
        if seen.startswith(turn.checkpoint):
            turn = replace(turn, checkpoint=seen)
        if turn.attempts >= MOST_ATTEMPTS:
            await runner.give_up(person, turn, GIVEN_UP)
            continue
        line = PlaceInLine(before=line) if broke_down else None
        runner.start(person, turn, line)
    if unfinished:
        log.info("unfinished turns go on", turns=len(unfinished))
    return len(unfinished)
