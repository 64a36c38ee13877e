"""When something is done beside conversations, and when not: jobs that a test lets through."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from appliance.conversations.asides import Asides, Place
from appliance.conversations.conversation import Person
from appliance.conversations.turn import Turn, TurnStatus
from appliance.errors import EngineUnavailable

ANN = Person(1, "a" * 32, "Ann")


class Job:
    """Notes where it was begun and where it came to its end; waits in between."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.may_end = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, place: Place) -> None:
        self.begun.append(place.conversation_id)
        if self.error is not None:
            raise self.error
        await self.may_end.wait()
        self.done.append(place.conversation_id)


@pytest.fixture
def job() -> Job:
    return Job()


@pytest.fixture
async def asides(job: Job) -> AsyncIterator[Asides]:
    asides = Asides([job])
    yield asides
    await asides.stop()


def turn(conversation_id: str, number: int = 1) -> Turn:
    return Turn(f"{conversation_id}{number}", conversation_id, "m", None, TurnStatus.WAITING, 0)


def ended(turn: Turn, status: TurnStatus = TurnStatus.FINISHED) -> Turn:
    return replace(turn, status=status, reply_message_id="reply")


async def test_after_a_turn_its_conversation_is_looked_at(asides: Asides, job: Job) -> None:
    asides.turn_begins(turn("c"))
    asides.turn_is_over(ANN, ended(turn("c")))
    assert asides.is_due("c")
    job.may_end.set()
    await asides.wait_all()
    assert job.done == ["c"]
    assert not asides.is_due("c")


@pytest.mark.parametrize("status", [TurnStatus.CANCELLED, TurnStatus.FAILED, TurnStatus.RUNNING])
async def test_after_a_turn_that_did_not_finish_nothing_is_done(
    asides: Asides, job: Job, status: TurnStatus
) -> None:
    asides.turn_begins(turn("c"))
    asides.turn_is_over(ANN, ended(turn("c"), status))
    await asides.wait_all()
    assert job.begun == []


async def test_while_anybody_waits_nothing_begins(asides: Asides, job: Job) -> None:
    asides.turn_begins(turn("c"))
    asides.turn_begins(turn("other"))
    asides.turn_is_over(ANN, ended(turn("c")))
    await asyncio.sleep(0)
    assert job.begun == []
    asides.turn_is_over(ANN, ended(turn("other"), TurnStatus.FAILED))
    job.may_end.set()
    await asides.wait_all()
    assert job.done == ["c"]


async def test_one_thing_is_done_at_a_time(asides: Asides, job: Job) -> None:
    for name in ("c", "d"):
        asides.begin(Place(ANN, name, "leaf"))
    await asyncio.sleep(0)
    assert job.begun == ["c"]
    job.may_end.set()
    await asides.wait_all()
    assert job.done == ["c", "d"]


async def test_a_new_turn_ends_what_is_done_in_its_own_conversation(
    asides: Asides, job: Job
) -> None:
    asides.begin(Place(ANN, "c", "leaf"))
    await asyncio.sleep(0)
    asides.turn_begins(turn("c"))
    await asides.wait_all()
    asides.turn_is_over(ANN, ended(turn("c"), TurnStatus.FAILED))
    await asides.wait_all()
    assert (job.begun, job.done) == (["c"], [])


async def test_what_a_turn_of_another_conversation_interrupted_is_done_later(
    asides: Asides, job: Job
) -> None:
    asides.begin(Place(ANN, "c", "leaf"))
    await asyncio.sleep(0)
    asides.turn_begins(turn("other"))
    await asides.wait_all()
    assert asides.is_due("c")
    job.may_end.set()
    asides.turn_is_over(ANN, ended(turn("other"), TurnStatus.FAILED))
    await asides.wait_all()
    assert (job.begun, job.done) == (["c", "c"], ["c"])


async def test_what_is_ended_is_over_when_that_is_said_and_the_next_one_has_its_turn(
    asides: Asides, job: Job
) -> None:
    for name in ("c", "d", "e"):
        asides.begin(Place(ANN, name, "leaf"))
    await asyncio.sleep(0)
    await asides.end(ANN, "d")
    await asides.end(ANN, "c")
    assert not asides.is_due("c") and not asides.is_due("d")
    job.may_end.set()
    await asides.wait_all()
    assert job.done == ["e"]


async def test_after_a_stop_nothing_begins(asides: Asides, job: Job) -> None:
    for name in ("c", "d"):
        asides.begin(Place(ANN, name, "leaf"))
    await asyncio.sleep(0)
    await asides.stop()
    asides.begin(Place(ANN, "e", "leaf"))
    await asides.wait_all()
    assert (job.begun, job.done) == (["c"], [])


async def test_what_cannot_be_done_is_left_out_and_the_rest_is_done() -> None:
    refused, job = Job(), Job()
    refused.error = EngineUnavailable("No model is loaded.")
    job.may_end.set()
    asides = Asides([refused, job])
    asides.begin(Place(ANN, "c", "leaf"))
    await asides.wait_all()
    assert (refused.begun, job.done) == (["c"], ["c"])


async def test_what_fails_is_logged_and_ends_nothing_else(
    asides: Asides, job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    job.error = ZeroDivisionError("a mistake of ours")
    asides.begin(Place(ANN, "c", "leaf"))
    await asides.wait_all()
    assert "an aside failed" in capsys.readouterr().out
    job.error = None
    job.may_end.set()
    asides.begin(Place(ANN, "c", "leaf"))
    await asides.wait_all()
    assert job.done == ["c"]
