"""At start: turns that a stop or a crash left unfinished go on from where the page had come; those
of a sealed account when it is opened.
"""

from dataclasses import replace

import structlog

from appliance.conversations.conversation import Person, Turn
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
    """Start every unfinished turn again, but for sealed accounts; returns how many there were.

    A turn that was begun three times without a word more may be what stops the box: it ends with
    what there is.
    A Valkey of its own outlives this process and may know a little more text than the last
    checkpoint: what a reader has seen is then not taken back.
    """
    async with database.read() as reader:
        unfinished = await turns.unfinished(reader)
    for person, turn in unfinished:
        seen = await token_stream.read(turn.turn_id)
        if seen.startswith(turn.checkpoint):
            turn = replace(turn, checkpoint=seen)
        await _resume(runner, person, turn)
    if unfinished:
        log.info("unfinished turns go on", turns=len(unfinished))
    return len(unfinished)


async def resume_unfinished_of(database: Database, runner: TurnRunner, person: Person) -> int:
    """The same for one person, whose words are in no Valkey; how many there were."""
    async with database.read() as reader:
        unfinished = await turns.unfinished_of(reader, person.person_key)
    waiting = [turn for turn in unfinished if runner.find(person, turn.turn_id) is None]
    for turn in waiting:
        await _resume(runner, person, turn)
    return len(waiting)


async def _resume(runner: TurnRunner, person: Person, turn: Turn) -> None:
    if turn.attempts < MOST_ATTEMPTS:
        runner.start(person, turn)
    else:
        await runner.give_up(person, turn, GIVEN_UP)
