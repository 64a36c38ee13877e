"""Many readers of one reply."""

import asyncio

import pytest

from appliance.conversations import live_turn
from appliance.conversations.live_turn import LiveTurn, ended_snapshot
from appliance.conversations.turn import Turn, TurnStatus

TURN = Turn("t", "c", "m", None, TurnStatus.RUNNING, created_at=0)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long readers were made to wait; it takes no time."""
    asked: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        asked.append(seconds)
        await sleep(0)

    monkeypatch.setattr(live_turn.asyncio, "sleep", note)
    return asked


async def read_together(readers: int, changes: int) -> list[list[str]]:
    """The texts that each of them is shown."""
    live = LiveTurn(1, TURN)

    async def read() -> list[str]:
        return [snapshot.text async for snapshot in live.follow()]

    reading = [asyncio.create_task(read()) for _ in range(readers)]
    for number in range(changes):
        for _ in range(3):
            await asyncio.tasks.sleep(0)
        live.text = f"{live.text}{number} "
        live.changed()
    live.end(TURN)
    return await asyncio.gather(*reading)


async def test_a_few_readers_never_wait(pauses: list[float]) -> None:
    shown = await read_together(live_turn.FULL_PACE_READERS, 5)
    assert all(texts[-1] == "0 1 2 3 4 " for texts in shown)
    assert pauses == []


async def test_a_crowd_sees_changes_less_often_and_the_whole_text_in_the_end(
    pauses: list[float],
) -> None:
    shown = await read_together(1000, 5)
    assert all(texts[-1] == "0 1 2 3 4 " for texts in shown)
    assert max(pauses) == 1000 / live_turn.CROWD_SNAPSHOTS_PER_SECOND


def turn(attempts: int, status: TurnStatus = TurnStatus.RUNNING) -> Turn:
    return Turn("t", "c", "m", None, status, 0, checkpoint="Rice is", attempts=attempts)


@pytest.mark.parametrize(("attempts", "unsure_from"), [(0, None), (1, 7), (2, 7)])
def test_only_after_a_crash_is_it_unsure_what_was_said_after_the_checkpoint(attempts, unsure_from):
    live = LiveTurn(1, turn(attempts))
    live.text += " a grain"
    assert live.snapshot().unsure_from == unsure_from


@pytest.mark.parametrize(("attempts", "unsure_from"), [(1, None), (2, 0)])
def test_of_a_turn_that_is_over_nobody_knows_where_the_crash_was(attempts, unsure_from):
    over = turn(attempts, TurnStatus.FINISHED)
    assert ended_snapshot(over, "Rice is a grain").unsure_from == unsure_from
