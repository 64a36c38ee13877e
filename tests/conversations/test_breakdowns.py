"""A box that breaks down over one turn: the turns beside it are not taken for that one."""

import asyncio
import shutil
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence

import pytest
from conversation_steps import follow_to_end, say, step_until
from fakes import ScriptedBackend, echo

from appliance.conversations import line
from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.engine.backend import BackendFailed
from appliance.engine.batch import Batch
from appliance.engine.sequence import Sequence as EngineSequence
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]
POISON = "Read this poison."
REPLY = "A reply of some length."


class Poisoned(ScriptedBackend):
    """Breaks down as soon as it is to read one text: what is on the disk then is what stays."""

    def __init__(self) -> None:
        super().__init__(lambda sequence: REPLY, gated=True)
        self.broke_down, self.is_over = threading.Event(), threading.Event()

    def decode(self, batch: Batch) -> Mapping[EngineSequence, list[int]]:
        if any(POISON in echo(row.sequence) for row in batch.rows):
            self.broke_down.set()
            assert self.is_over.wait(30)
            raise BackendFailed("This process is gone.")
        return super().decode(batch)


async def break_down(open_scripted: OpenBox, box: Box, backend: Poisoned) -> None:
    """As `kill -9` does: the next start finds what is on the disk at this moment."""
    data = box.desk.database.path.parent
    left = data.with_name("left")
    shutil.copytree(data, left)
    backend.is_over.set()
    backend.let(100_000)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    shutil.rmtree(data)
    left.rename(data)


async def attempts(box: Box) -> list[int]:
    async with box.desk.database.read() as reader:
        rows = await reader.execute_fetchall("SELECT attempts FROM turns ORDER BY turn_key")
    return [row[0] for row in rows]


async def wait_for_attempts(box: Box, *wanted: int) -> list[list[int]]:
    """Everything that was seen on the way there."""
    seen = [await attempts(box)]
    async with asyncio.timeout(30):
        while seen[-1] != list(wanted):
            await asyncio.sleep(0)
            seen.append(await attempts(box))
    return seen


async def broken_down(open_scripted: OpenBox, *texts: str) -> tuple[Box, Poisoned, Sequence[str]]:
    """A box that starts again after all these turns had been begun and none had got on."""
    backend = Poisoned()
    box = await open_scripted(backend)
    turn_ids = [(await say(box, text)).turn.turn_id for text in texts]
    await wait_for_attempts(box, *(1 for _ in texts))
    await break_down(open_scripted, box, backend)
    backend = Poisoned()
    return await open_scripted(backend), backend, turn_ids


async def test_the_turn_that_breaks_the_box_is_given_up_and_no_other(
    open_scripted: OpenBox,
) -> None:
    box, backend, turn_ids = await broken_down(open_scripted, "One", POISON, "Two")
    for _ in range(2):
        await step_until(backend, asyncio.to_thread(backend.broke_down.wait, 30))
        await break_down(open_scripted, box, backend)
        backend = Poisoned()
        box = await open_scripted(backend)
    backend.let(100_000)
    ends = [(await follow_to_end(box, turn_id))[-1] for turn_id in turn_ids]
    assert not backend.broke_down.is_set()
    assert [end.turn.status for end in ends] == [
        TurnStatus.FINISHED,
        TurnStatus.FAILED,
        TurnStatus.FINISHED,
    ]
    assert "three times" in (ends[1].turn.error or "")
    assert [end.text[-len("length.") :] for end in ends[::2]] == ["length.", "length."]


async def test_each_begins_when_the_one_before_has_got_on_and_the_store_knows(
    open_scripted: OpenBox,
) -> None:
    box, backend, turn_ids = await broken_down(open_scripted, "One", "Two")
    await wait_for_attempts(box, 2, 1)
    waiting = box.desk.runner.find(box.person, turn_ids[1])
    assert waiting is not None and waiting.snapshot().phase is TurnPhase.WAITING
    backend.let(1)
    seen = await wait_for_attempts(box, 1, 2)
    assert [2, 2] not in seen
    backend.let(100_000)
    for turn_id in turn_ids:
        assert (await follow_to_end(box, turn_id))[-1].turn.status is TurnStatus.FINISHED


async def test_one_that_is_stopped_while_it_waits_lets_nobody_pass(open_scripted: OpenBox) -> None:
    box, backend, turn_ids = await broken_down(open_scripted, "One", "Two", "Three")
    await wait_for_attempts(box, 2, 1, 1)
    await box.desk.runner.stop(box.person, turn_ids[1])
    backend.let(1)
    seen = await wait_for_attempts(box, 1, 1, 2)
    assert [2, 1, 2] not in seen
    turn = await box.desk.service.find_turn(box.person, turn_ids[1])
    assert turn.status is TurnStatus.CANCELLED


async def test_nobody_waits_for_ever_for_one_that_does_not_get_on(
    open_scripted: OpenBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "PATIENCE_SECONDS", 0.01)
    box, _, _ = await broken_down(open_scripted, "One", "Two")
    await wait_for_attempts(box, 2, 2)


async def test_after_a_polite_stop_all_go_on_at_once(open_scripted: OpenBox) -> None:
    backend = Poisoned()
    box = await open_scripted(backend)
    for text in ("One", "Two"):
        await say(box, text)
    await wait_for_attempts(box, 1, 1)
    await box.desk.runner.shut_down()
    assert await attempts(box) == [0, 0]
    backend.let(100_000)
    await open_scripted.close_all()  # type: ignore[attr-defined]
    box = await open_scripted(Poisoned())
    await wait_for_attempts(box, 1, 1)
