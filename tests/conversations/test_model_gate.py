"""Many users of the model, or one change of it."""

import asyncio

import pytest

from appliance.conversations.model_gate import ModelGate
from appliance.errors import EngineUnavailable


async def test_a_change_waits_for_those_who_use_the_model_and_goes_before_those_who_come() -> None:
    gate, told = ModelGate(), []
    done = asyncio.Event()

    async def use(name: str) -> None:
        async with gate.using():
            told.append(name)
            await done.wait()

    async def change() -> None:
        async with gate.changing():
            told.append("changed")

    first = asyncio.create_task(use("first"))
    await asyncio.sleep(0)
    changing = asyncio.create_task(change())
    await asyncio.sleep(0)
    second = asyncio.create_task(use("second"))
    await asyncio.sleep(0)
    assert (told, gate.is_changing) == (["first"], True)
    done.set()
    await asyncio.gather(first, changing, second)
    assert told == ["first", "changed", "second"]


async def test_one_who_uses_it_already_may_enter_again_and_a_stranger_may_not() -> None:
    gate = ModelGate()
    async with gate.using():
        changing = asyncio.create_task(gate.changing().__aenter__())
        await asyncio.sleep(0)
        gate.enter()
        gate.leave()
    await changing
    with pytest.raises(EngineUnavailable, match="being changed"):
        gate.enter()


async def test_a_change_that_is_given_up_lets_everybody_in_again() -> None:
    gate = ModelGate()
    gate.enter()
    changing = asyncio.create_task(gate.changing().__aenter__())
    await asyncio.sleep(0)
    changing.cancel()
    await asyncio.wait([changing])
    async with gate.using():
        assert not gate.is_changing
