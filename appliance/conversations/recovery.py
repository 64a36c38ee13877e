"""At start: turns that a stop or a crash left unfinished go on from where the page had come; those
of a sealed account when it is opened.
"""

from dataclasses import replace

import structlog

from appliance.conversations.conversation import Person
from appliance.conversations.line import PlaceInLine
from appliance.conversations.turn import Turn
from appliance.conversations.turn_runner import TurnRunner
from appliance.hot.token_stream import TokenStream
from appliance.sentences import say
from appliance.store import turns
from appliance.store.database import Database

MOST_ATTEMPTS = 3
GIVEN_UP = say("The box broke down three times over this reply, so it did not try again by itself.")

log = structlog.get_logger(__name__)


async def resume_unfinished(
    database: Database, token_stream: TokenStream, runner: TurnRunner
) -> int:
    """Start every unfinished turn again, but for sealed accounts; returns how many there were.

    After a breakdown they begin one at a time, those that were begun the fewest times first: what
    one of them does is not counted against the others. A turn that was begun three times without a
    word more may be what stops the box: it ends with what there is.
    A Valkey of its own outlives this process and may know a little more text than the last
    checkpoint: what a reader has seen is then not taken back.
    """
    async with database.read() as reader:
        unfinished = await turns.unfinished(reader)
    known: list[tuple[Person, Turn]] = []
    for person, turn in unfinished:
        seen = await token_stream.read(turn.turn_id)
        is_more = seen.startswith(turn.checkpoint)
        known.append((person, replace(turn, checkpoint=seen) if is_more else turn))
    await _resume(runner, known)
    if known:
        log.info("unfinished turns go on", turns=len(known))
    return len(known)


async def resume_unfinished_of(database: Database, runner: TurnRunner, person: Person) -> int:
    """The same for one person, whose words are in no Valkey; how many there were."""
    async with database.read() as reader:
        unfinished = await turns.unfinished_of(reader, person.person_key)
    waiting = [turn for turn in unfinished if runner.find(person, turn.turn_id) is None]
    await _resume(runner, [(person, turn) for turn in waiting])
    return len(waiting)


async def _resume(runner: TurnRunner, unfinished: list[tuple[Person, Turn]]) -> None:
    broke_down = any(turn.attempts for _, turn in unfinished)
    line: PlaceInLine | None = None
    for person, turn in sorted(unfinished, key=lambda each: each[1].attempts):
        if turn.attempts >= MOST_ATTEMPTS:
            await runner.give_up(person, turn, GIVEN_UP)
            continue
        line = PlaceInLine(before=line) if broke_down else None
        runner.start(person, turn, line)
