"""Running a reply again, with a scripted model whose every step is let through by the test."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest
from conversation_steps import follow_to_end, say, step_until, wait_for_text
from fakes import ScriptedBackend

from appliance.conversations.conversation import Person, new_id
from appliance.conversations.model_profile import ModelProfile
from appliance.conversations.replays import MOST_TRIES, Replays, ReplaySnapshot
from appliance.conversations.turn import TurnPhase
from appliance.engine.sequence import Sequence
from appliance.errors import ApplianceError, Conflict, EngineUnavailable, NotFound
from appliance.lifespan import Box
from appliance.store.rows import all_rows, changed_rows

OpenBox = Callable[..., Awaitable[Box]]
REPLY = "A reply of some length."


class Seeds:
    """Answers everybody alike, and remembers how it was asked to."""

    def __init__(self, reply: str = REPLY) -> None:
        self.reply = reply
        self.asked: dict[str, Sequence] = {}

    def __call__(self, sequence: Sequence) -> str:
        self.asked.setdefault(sequence.sequence_id, sequence)
        return self.reply


@pytest.fixture
def script() -> Seeds:
    return Seeds()


async def replied(box: Box, backend: ScriptedBackend, content: str = "Hello") -> str:
    """The id of a turn that is over; the model stands still after it."""
    started = await say(box, content)
    await step_until(backend, box.desk.runner.wait_all())
    return started.turn.turn_id


async def somebody_is_answered(box: Box, backend: ScriptedBackend) -> str:
    """The id of a turn whose first character is there."""
    started = await say(box, "Me first")
    backend.let(2)
    await wait_for_text(box, started.turn.turn_id, 1)
    return started.turn.turn_id


async def to_end(box: Box, turn_id: str) -> list[ReplaySnapshot]:
    return [snapshot async for snapshot in box.desk.replays.run(box.person, turn_id)]


async def until(
    snapshots: AsyncGenerator[ReplaySnapshot, None], phase: TurnPhase
) -> ReplaySnapshot:
    async for snapshot in snapshots:
        if snapshot.phase is phase:
            return snapshot
    raise AssertionError(f"it ended before it was {phase}")


async def held(box: Box) -> list[object]:
    """Every row of the database that could hold something of a turn."""
    async with box.desk.database.read() as reader:
        rows = [
            await all_rows(reader, f"SELECT * FROM {name}", ()) for name in ("messages", "turns")
        ]
    return rows


async def test_the_same_prompt_seed_and_sampling_are_run_and_nothing_is_stored(
    open_scripted: OpenBox, script: Seeds
) -> None:
    box = await open_scripted(ScriptedBackend(script))
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    before = await held(box)
    last = (await to_end(box, started.turn.turn_id))[-1]
    assert (last.phase, last.text, last.differences) == (TurnPhase.ENDED, REPLY, ())
    assert await held(box) == before
    first, again = script.asked.values()
    assert again.sampling == first.sampling
    size = first.prompt_tokens
    assert again.tokens[:size] == first.tokens[:size] and again.prompt_tokens == size
    assert again.is_aside


async def test_it_reads_what_was_read_the_first_time(open_scripted: OpenBox, script: Seeds) -> None:
    box = await open_scripted(ScriptedBackend(script))
    first = await say(box, "Hello")
    await follow_to_end(box, first.turn.turn_id)
    second = await say(box, "And?", first.conversation.conversation_id)
    await follow_to_end(box, second.turn.turn_id)
    await to_end(box, second.turn.turn_id)
    _, original, again = script.asked.values()
    assert again.cached_tokens == original.cached_tokens > 0


async def test_it_leaves_the_seat_of_its_conversation_as_it_was(
    open_scripted: OpenBox, script: Seeds
) -> None:
    box = await open_scripted(ScriptedBackend(script))
    cached = []
    for name, is_run_again in (("Ann", False), ("Bob", True)):
        first = await say(box, f"{name} has a question of some length.")
        await follow_to_end(box, first.turn.turn_id)
        if is_run_again:
            await to_end(box, first.turn.turn_id)
        second = await say(box, "And?", first.conversation.conversation_id)
        counts = (await follow_to_end(box, second.turn.turn_id))[-1].turn.counts
        cached.append((counts.cached_tokens, counts.prompt_tokens))
    assert cached[0] == cached[1]


async def test_while_somebody_is_answered_it_waits(open_scripted: OpenBox, script: Seeds) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    turn_id = await replied(box, backend)
    other_id = await somebody_is_answered(box, backend)
    async with aclosing(box.desk.replays.run(box.person, turn_id)) as snapshots:
        waiting = await anext(snapshots)
        assert (waiting.phase, waiting.others) == (TurnPhase.WAITING, 1)
        ended = asyncio.create_task(until(snapshots, TurnPhase.ENDED))
        await step_until(backend, box.desk.runner.wait_all())
        assert (await box.desk.service.find_turn(box.person, other_id)).status.is_final
        backend.let(1000)
        assert (await ended).text == REPLY
    _, others, again = (
        [at for at, batch in enumerate(backend.batches) for name, _ in batch if name == sequence_id]
        for sequence_id in list(script.asked)
    )
    assert again[0] > others[-1]


async def test_when_somebody_comes_it_stops_and_begins_anew_later(
    open_scripted: OpenBox, script: Seeds
) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    turn_id = await replied(box, backend)
    async with aclosing(box.desk.replays.run(box.person, turn_id)) as snapshots:
        backend.let(4)
        assert (await until(snapshots, TurnPhase.WRITING)).text
        await say(box, "I am here now")
        again = asyncio.create_task(until(snapshots, TurnPhase.WAITING))
        await step_until(backend, box.desk.runner.wait_all())
        assert (await again).text == ""
        backend.let(1000)
        assert (await until(snapshots, TurnPhase.ENDED)).text == REPLY
    assert len(script.asked) == 4  # the turn, a run cut short, who came, and a run to its end


async def test_a_box_that_is_never_quiet_is_said_to_be_so(
    open_scripted: OpenBox, script: Seeds
) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    turn_id = await replied(box, backend)
    snapshots = box.desk.replays.run(box.person, turn_id)
    for number in range(MOST_TRIES):
        backend.let(4)
        await until(snapshots, TurnPhase.WRITING)
        await say(box, f"Number {number}")
        if number < MOST_TRIES - 1:
            waits = asyncio.create_task(until(snapshots, TurnPhase.WAITING))
            await step_until(backend, box.desk.runner.wait_all())
            await waits
    fails = asyncio.create_task(until(snapshots, TurnPhase.ENDED))
    await step_until(backend, box.desk.runner.wait_all())
    with pytest.raises(EngineUnavailable, match="again and again"):
        await fails


async def test_whoever_leaves_ends_it(open_scripted: OpenBox, script: Seeds) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    turn_id = await replied(box, backend)
    async with aclosing(box.desk.replays.run(box.person, turn_id)) as snapshots:
        backend.let(4)
        await until(snapshots, TurnPhase.WRITING)
    await step_until(backend, box.generations.wait_idle())
    assert box.generations.open_count == 0
    assert not backend.open


async def test_a_conversation_that_is_deleted_takes_its_run_along(
    open_scripted: OpenBox, script: Seeds
) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    turn_id = await replied(box, backend)
    turn = await box.desk.service.find_turn(box.person, turn_id)
    async with aclosing(box.desk.replays.run(box.person, turn_id)) as snapshots:
        backend.let(4)
        await until(snapshots, TurnPhase.WRITING)
        deleting = box.desk.service.delete_conversation(box.person, turn.conversation_id)
        await step_until(backend, deleting)
        with pytest.raises(ApplianceError, match="deleted"):
            await until(snapshots, TurnPhase.ENDED)
    assert not any(backend.cells.values())


async def test_one_deleted_while_it_waits_is_not_run(open_scripted: OpenBox, script: Seeds) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    turn_id = await replied(box, backend)
    turn = await box.desk.service.find_turn(box.person, turn_id)
    await somebody_is_answered(box, backend)
    async with aclosing(box.desk.replays.run(box.person, turn_id)) as snapshots:
        await until(snapshots, TurnPhase.WAITING)
        deleting = box.desk.service.delete_conversation(box.person, turn.conversation_id)
        await step_until(backend, deleting)
        await step_until(backend, box.desk.runner.wait_all())
        with pytest.raises(NotFound):
            await until(snapshots, TurnPhase.ENDED)


async def test_what_is_another_one_now_is_said_and_not_run(
    open_scripted: OpenBox, script: Seeds
) -> None:
    box = await open_scripted(ScriptedBackend(script))
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    again = Seeds()
    box = await open_scripted(ScriptedBackend(again), assistant={"system_prompt": "Be curt."})
    last = (await to_end(box, started.turn.turn_id))[-1]
    assert (last.phase, last.differences) == (
        TurnPhase.ENDED,
        ("The system text is another one now.",),
    )
    other = ModelProfile("other", "abc")
    replays = Replays(
        box.desk.database, box.generations, box.desk.service._assembler, lambda: other
    )
    *_, last = [s async for s in replays.run(box.person, started.turn.turn_id)]
    assert "now other is loaded" in last.differences[0]
    assert again.asked == {}


async def test_a_reply_that_was_stopped_is_compared_as_far_as_it_came(
    open_scripted: OpenBox, script: Seeds
) -> None:
    backend = ScriptedBackend(script, gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Hello")
    backend.let(6)
    await wait_for_text(box, started.turn.turn_id, 4)
    await step_until(backend, box.desk.service.stop_turn(box.person, started.turn.turn_id))
    stopped = (await follow_to_end(box, started.turn.turn_id))[-1].text
    backend.let(1000)
    last = (await to_end(box, started.turn.turn_id))[-1]
    assert (last.text, len(stopped) < len(REPLY)) == (stopped, True)


async def test_a_turn_that_runs_or_has_no_reply_cannot_be_run_again(
    open_scripted: OpenBox,
) -> None:
    backend = ScriptedBackend(lambda sequence: "", gated=True)
    box = await open_scripted(backend)
    started = await say(box, "Hello")
    with pytest.raises(Conflict, match="still being written"):
        await box.desk.replays.original(box.person, started.turn.turn_id)
    await step_until(backend, box.desk.runner.wait_all())
    with pytest.raises(Conflict, match="no reply"):
        await box.desk.replays.original(box.person, started.turn.turn_id)


async def test_somebody_elses_reply_is_not_there_and_not_run(
    open_scripted: OpenBox, script: Seeds
) -> None:
    box = await open_scripted(ScriptedBackend(script))
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    for person, turn_id in (
        (Person(99, new_id(), "Bob"), started.turn.turn_id),
        (box.person, new_id()),
    ):
        with pytest.raises(NotFound):
            await box.desk.replays.original(person, turn_id)
        with pytest.raises(NotFound):
            _ = [snapshot async for snapshot in box.desk.replays.run(person, turn_id)]
    assert len(script.asked) == 1


async def test_a_turn_of_an_older_version_is_run_with_what_is_known(
    open_scripted: OpenBox, script: Seeds
) -> None:
    box = await open_scripted(ScriptedBackend(script))
    started = await say(box, "Hello")
    await follow_to_end(box, started.turn.turn_id)
    async with box.desk.database.write() as tx:
        await changed_rows(tx, "UPDATE turns SET prompt_record = '{}', sampling = '{}'", ())
    last = (await to_end(box, started.turn.turn_id))[-1]
    assert (last.text, last.differences) == (REPLY, ())
    first, again = script.asked.values()
    assert again.sampling.seed == first.sampling.seed


async def test_the_second_text_is_not_written_to_the_disk_either(open_scripted: OpenBox) -> None:
    script = Seeds("The first text. " * 10)
    box = await open_scripted(ScriptedBackend(script))
    started = await say(box, "Hello, this is long enough to be worth a place on the disk. " * 3)
    await follow_to_end(box, started.turn.turn_id)
    script.reply = "Another text. " * 10
    assert (await to_end(box, started.turn.turn_id))[-1].text == script.reply
    folder = box.desk.database.path.parent / "kv"
    await open_scripted.close_all()  # type: ignore[attr-defined]
    assert len(list(folder.glob("*.kv"))) == 1
