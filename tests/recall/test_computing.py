"""The share of the time that the background takes while somebody reads a reply."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from kept_conversations import keep

from appliance.recall import computing
from appliance.recall.computing import SHARE, Computing
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels

SECONDS = 0.04


class Turn:
    """Somebody who computes, or not, and says when which piece of work was done."""

    def __init__(self) -> None:
        self.is_computing = True
        self.done: list[str] = []
        self.now = 0.0

    def call(self, function: Callable[[], Any]) -> "Future[Any]":
        answer: Future[Any] = Future()
        answer.set_result(function())
        return answer


class SlowEmbedder:
    """Takes so long for each text, by the clock of `turn`."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def passage(self, text: str) -> list[float]:
        self._turn.now += SECONDS
        self._turn.done.append(text)
        return [1.0] * 8

    query = passage


@pytest.fixture
def turn(monkeypatch) -> Turn:
    turn = Turn()

    async def sleep(seconds: float) -> None:
        turn.done.append(f"waited {seconds:.2f}")

    monkeypatch.setattr(computing, "monotonic", lambda: turn.now)
    monkeypatch.setattr(computing.asyncio, "sleep", sleep)
    return turn


async def indexed(database, person, model, turn: Turn) -> list[str]:
    await keep(database, person, "Long", "The boiler needs a new valve. " * 30)
    computes = Computing(turn)
    models = EmbeddingModels(computes, lambda _: SlowEmbedder(turn))
    await Indexer(database, models, model).work_off()
    computes.close()
    return turn.done


async def test_after_every_piece_of_a_text_nine_times_as_long_is_the_replies(
    database, person, remembering, turn
):
    done = await indexed(database, person, remembering.model, turn)
    pieces, waits = done[::2], done[1::2]
    assert len(pieces) == len(waits) >= 4
    assert set(waits) == {f"waited {SHARE * SECONDS:.2f}"}
    assert all(len(each) <= 300 for each in pieces)


async def test_while_nobody_reads_it_waits_for_nobody(database, person, remembering, turn):
    turn.is_computing = False
    done = await indexed(database, person, remembering.model, turn)
    assert len(done) >= 4 and not [each for each in done if each.startswith("waited")]


async def test_who_waits_for_a_vector_does_not_wait_for_the_replies_too(remembering, turn):
    computes = Computing(turn)
    models = EmbeddingModels(computes, lambda _: SlowEmbedder(turn))
    await models.query(remembering.model, "valve")
    await models.passage(remembering.model, "valve " * 200)
    computes.close()
    assert turn.done and not [each for each in turn.done if each.startswith("waited")]
