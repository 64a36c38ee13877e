"""Another model is chosen while the box runs."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

import pytest
from conversation_steps import follow_to_end, say, wait_for_text
from fakes import ScriptedBackend

from appliance import engine_choice
from appliance.conversations.model_profile import ModelProfile
from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.engine.backend import Backend
from appliance.errors import EngineUnavailable, ModelMissing, ModelRefused
from appliance.lifespan import Box

OpenBox = Callable[..., Awaitable[Box]]


class Choice:
    """Models by name, in the place of those in the library; the one named `chosen` is wanted."""

    def __init__(self, **models: Callable[[], Backend]) -> None:
        self.models = models
        self.name = self.chosen = next(iter(models))
        self.loaded: list[str] = []
        self.asked_for = {name: asyncio.Event() for name in models}
        self.loaded_percent = 34
        self.draft_trouble = ""

    def wanted(self) -> str:
        return self.chosen

    def check(self, name: str) -> None:
        if name not in self.models:
            raise ModelMissing(f"There is no model {name}.")

    def loader(self, name: str) -> Callable[[], Backend]:
        self.asked_for[name].set()

        def load() -> Backend:
            self.name = name
            self.loaded.append(name)
            return self.models[name]()

        return load

    def profile(self) -> ModelProfile:
        return ModelProfile(self.name)

    def template_values(self) -> Mapping[str, object]:
        return {}


class Backwards(ScriptedBackend):
    """Its tokens are other ones: an old model's would read as nonsense."""

    def tokenize(self, text: str) -> list[int]:
        return [ord(char) + 1 for char in text]

    def token_bytes(self, token: int) -> bytes:
        return chr(token - 1).encode() if token else b""


def refuses() -> Backend:
    raise ModelRefused("The file is damaged.")


@pytest.fixture
def open_choice(open_scripted: OpenBox, monkeypatch: pytest.MonkeyPatch) -> OpenBox:
    async def open_one(choice: Choice) -> Box:
        monkeypatch.setattr(engine_choice, "ModelChoice", lambda *_: choice)
        backend = ScriptedBackend()
        return await open_scripted(backend, load_with=choice.loader(choice.name))

    return open_one


async def change(box: Box, choice: Choice, name: str) -> None:
    """What SIGHUP does, to its end."""
    choice.chosen = name
    assert box.engine.swap is not None
    box.engine.swap.take_up()
    await box.engine.swap.wait_done()


async def test_running_replies_end_first_and_new_ones_wait_for_the_new_model(
    open_choice: OpenBox,
) -> None:
    old = ScriptedBackend(lambda sequence: "one two three", gated=True)
    new = Backwards(lambda sequence: "Ipmb")  # one further in the alphabet than what it says
    choice = Choice(old=lambda: old, new=lambda: new)
    box = await open_choice(choice)
    running = await say(box, "Count")
    old.let(10)
    await wait_for_text(box, running.turn.turn_id, 5)
    changing = asyncio.create_task(change(box, choice, "new"))
    await choice.asked_for["new"].wait()
    status = box.desk.service.box_status()
    assert (status.state, status.is_changing, status.model_name) == ("loading", True, "old")
    waiting = await say(box, "Hello")
    with pytest.raises(EngineUnavailable, match="being changed"):
        box.completions.begin("me", [("user", "x")], {})
    assert await wait_for_phase(box, waiting.turn.turn_id) is TurnPhase.LOADING
    old.let(10_000)
    assert (await follow_to_end(box, running.turn.turn_id))[-1].text == "one two three"
    await changing
    last = (await follow_to_end(box, waiting.turn.turn_id))[-1]
    assert (last.text, last.turn.status) == ("Hola", TurnStatus.FINISHED)
    assert old.is_closed
    assert box.desk.service.box_status().model_name == "new"


async def wait_for_phase(box: Box, turn_id: str) -> TurnPhase:
    async for snapshot in box.desk.service.follow_turn(box.person, turn_id):
        return snapshot.phase
    raise AssertionError


async def test_the_old_model_is_freed_before_the_new_one_is_loaded_and_the_page_says_how_far(
    open_choice: OpenBox,
) -> None:
    old, loads, may_load = ScriptedBackend(), threading.Event(), threading.Event()

    def load_new() -> Backend:
        assert old.is_closed, "there may be no room for two"
        loads.set()
        assert may_load.wait(30)
        return ScriptedBackend(lambda sequence: "New.")

    choice = Choice(old=lambda: old, new=load_new)
    box = await open_choice(choice)
    await box.generations.wait_ready()
    changing = asyncio.create_task(change(box, choice, "new"))
    await asyncio.to_thread(loads.wait, 30)
    status = box.desk.service.box_status()
    assert (status.state, status.loaded_percent, status.model_name) == ("loading", 34, "new")
    started = await say(box, "Hello")
    deleted = asyncio.create_task(
        box.desk.service.delete_conversation(box.person, (await say(box, "x")).turn.conversation_id)
    )
    may_load.set()
    await changing
    assert (await follow_to_end(box, started.turn.turn_id))[-1].text == "New."
    assert (await deleted).conversations == 1


async def test_a_prompt_of_the_old_model_is_never_read_by_the_new_one(open_choice: OpenBox) -> None:
    choice = Choice(old=ScriptedBackend, new=Backwards)
    box = await open_choice(choice)
    await box.generations.wait_ready()
    start = box.completions.prepare("me", [("user", "Hello")], {}, may_keep=False)
    await change(box, choice, "new")
    with pytest.raises(EngineUnavailable, match="has just been changed"):
        start()


async def test_a_model_that_cannot_be_loaded_leaves_the_old_one_answering(
    open_choice: OpenBox,
) -> None:
    choice = Choice(old=lambda: ScriptedBackend(lambda sequence: "Still me."), new=refuses)
    box = await open_choice(choice)
    await box.generations.wait_ready()
    await change(box, choice, "new")
    assert choice.loaded == ["old", "new", "old"]
    status = box.desk.service.box_status()
    assert (status.state, status.model_name) == ("ready", "old")
    assert "new could not be loaded: The file is damaged. old goes on" in status.trouble
    started = await say(box, "Who is there?")
    assert (await follow_to_end(box, started.turn.turn_id))[-1].text == "Still me."


async def test_a_model_that_is_not_there_does_not_touch_the_old_one(open_choice: OpenBox) -> None:
    choice = Choice(old=ScriptedBackend)
    box = await open_choice(choice)
    await box.generations.wait_ready()
    await change(box, choice, "missing")
    assert choice.loaded == ["old"]
    assert (
        "missing cannot be used: There is no model missing."
        in box.desk.service.box_status().trouble
    )


async def test_a_box_without_a_model_takes_one(open_choice: OpenBox) -> None:
    choice = Choice(old=refuses, new=lambda: ScriptedBackend(lambda sequence: "Hello."))
    box = await open_choice(choice)
    with pytest.raises(EngineUnavailable):
        await box.generations.wait_ready()
    await change(box, choice, "new")
    started = await say(box, "Hi")
    assert (await follow_to_end(box, started.turn.turn_id))[-1].text == "Hello."


async def test_when_neither_can_be_loaded_the_box_says_why(open_choice: OpenBox) -> None:
    models = iter([ScriptedBackend, refuses])
    choice = Choice(old=lambda: next(models)(), new=refuses)
    box = await open_choice(choice)
    await box.generations.wait_ready()
    await change(box, choice, "new")
    status = box.desk.service.box_status()
    assert (status.state, status.sentence) == ("failed", "The file is damaged.")


async def test_a_turn_that_waits_for_the_change_can_be_stopped(open_choice: OpenBox) -> None:
    old = ScriptedBackend(lambda sequence: "one two three", gated=True)
    choice = Choice(old=lambda: old, new=ScriptedBackend)
    box = await open_choice(choice)
    running = await say(box, "Count")
    old.let(10)
    await wait_for_text(box, running.turn.turn_id, 5)
    changing = asyncio.create_task(change(box, choice, "new"))
    waiting = await say(box, "Hello")
    await box.desk.service.stop_turn(box.person, waiting.turn.turn_id)
    turn = await box.desk.service.find_turn(box.person, waiting.turn.turn_id)
    assert turn.status is TurnStatus.CANCELLED
    old.let(10_000)
    await changing


async def test_a_stop_of_the_box_does_not_wait_for_the_change(open_choice: OpenBox) -> None:
    old = ScriptedBackend(lambda sequence: "one two three", gated=True)
    choice = Choice(old=lambda: old, new=ScriptedBackend)
    box = await open_choice(choice)
    running = await say(box, "Count")
    old.let(10)
    await wait_for_text(box, running.turn.turn_id, 5)
    changing = asyncio.create_task(change(box, choice, "new"))
    await asyncio.sleep(0)
    assert box.engine.swap is not None
    await box.engine.swap.stop()
    await changing
    old.let(10_000)
    assert (await follow_to_end(box, running.turn.turn_id))[-1].text == "one two three"
    assert choice.loaded == ["old"]


async def test_a_temporary_conversation_goes_on_with_the_new_model(open_choice: OpenBox) -> None:
    choice = Choice(
        old=lambda: ScriptedBackend(lambda sequence: "Old."),
        new=lambda: Backwards(lambda sequence: "Ofx/"),
    )
    box = await open_choice(choice)
    box = replace(box, desk=box.temporary.desk)
    first = await say(box, "Who is there?")
    assert (await follow_to_end(box, first.turn.turn_id))[-1].text == "Old."
    await change(box, choice, "new")
    second = await say(box, "And now?", first.conversation.conversation_id)
    assert (await follow_to_end(box, second.turn.turn_id))[-1].text == "New."
