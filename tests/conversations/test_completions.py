"""Completions without a conversation: what they cost, and what is kept of them."""

from fakes import ScriptedBackend

from appliance.conversations.generation import Generation
from appliance.lifespan import Box

ASKED = [("user", "What about the garden and the fence and the neighbours' cat? " * 4)]


async def read(generation: Generation) -> None:
    async with generation:
        async for _ in generation:
            pass


async def test_what_is_prepared_and_never_started_costs_nothing(box: Box) -> None:
    start = box.completions.prepare("program", ASKED, {}, may_keep=True)
    assert box.generations.open_count == 0
    await read(start())
    assert box.generations.open_count == 0


async def test_only_what_may_be_kept_goes_to_the_disk(open_scripted) -> None:
    for may_keep in (False, True):
        box = await open_scripted(ScriptedBackend(lambda sequence: "Yes."))
        await box.generations.wait_ready()
        await read(box.completions.prepare("program", ASKED, {}, may_keep=may_keep)())
        folder = box.desk.database.path.parent / "kv"
        await open_scripted.close_all()
        assert len(list(folder.glob("*.kv"))) == may_keep
