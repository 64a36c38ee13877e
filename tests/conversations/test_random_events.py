"""People come, stop and go in any order; afterwards nobody is left in a slot and all adds up."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from fakes import ScriptedBackend

from appliance.conversations.generation import Generation, Handling
from appliance.engine.events import Ended
from appliance.engine.self_check import violations
from appliance.engine.sequence import FinishReason, Priority, SamplingParams, Sequence
from appliance.engine.stepper import Stepper
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

TAGS = ("garden", "kitchen", None)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What did not add up after any step, not only when the engine was idle."""
    found: list[str] = []
    step = Stepper.step

    def step_and_check(self: Stepper) -> None:
        step(self)
        found.extend(violations(self._scheduler, self._outputs, self._backend.held_tokens))

    monkeypatch.setattr(Stepper, "step", step_and_check)
    return found


class Crowd:
    """Up to ten people at once who submit, stop, hang up and delete at random."""

    def __init__(self, box: Box, seed: int, longest_prompt: int, longest_reply: int) -> None:
        self._generations = box.generations
        self._random = random.Random(seed)
        self._longest_prompt = longest_prompt
        self._longest_reply = longest_reply
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: dict[asyncio.Task[None], Generation] = {}
        self._happened = asyncio.Event()
        self.ends: Counter[str] = Counter()

    async def do(self, events: int) -> None:
        for _ in range(events):
            if self._tasks and self._random.random() < 0.5:
                self._happened.clear()
                await self._happened.wait()
            await self._do_one()

    async def leave(self) -> None:
        """The readers go, one more comes and reads to the end: the engine has heard all by then."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))
        await self._read()

    async def _do_one(self) -> None:
        kind = self._random.choice(["submit"] * 4 + ["stop", "hang up", "hang up", "delete"])
        if kind == "submit" and len(self._tasks) < 10:
            task = asyncio.create_task(self._read())
            self._tasks.add(task)
            task.add_done_callback(self._gone)
        elif kind == "delete":
            await self._generations.forget(self._random.choice("abc"), self._random.choice(TAGS))
        elif kind == "hang up" and self._tasks:
            self._random.choice(list(self._tasks)).cancel()
        elif self._open:
            self._random.choice(list(self._open.values())).cancel()

    def _begin(self) -> Generation:
        pick = self._random
        owner, tag = pick.choice("abc"), pick.choice(TAGS)
        # What is asked goes on from some place of one of a few conversations, as people do.
        told = random.Random(f"{owner} {tag}").choices([97, 98], k=self._longest_prompt)
        prompt = told[: pick.randint(0, len(told))] + pick.choices([97, 98], k=pick.randint(1, 9))
        sampling = SamplingParams(
            temperature=1.0,
            seed=pick.getrandbits(31),
            max_tokens=pick.randint(0, self._longest_reply),
        )
        return self._generations.begin(
            owner,
            prompt,
            sampling,
            Handling(
                pick.randint(0, len(prompt)),
                tag,
                pick.choice([Priority.NORMAL] * 4 + [Priority.BACKGROUND]),
            ),
        )

    async def _read(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        async with self._begin() as generation:
            self._open[task] = generation
            async for event in generation:
                self._happened.set()
                if isinstance(event, Ended):
                    self.ends[str(event.finish_reason)] += 1

    def _gone(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._open.pop(task, None)
        self._happened.set()


async def let_loose(box: Box, crowd: Crowd, events: int, found: list[str]) -> None:
    await box.generations.wait_ready()
    await crowd.do(events)
    await crowd.leave()
    value = box.metrics.registry.get_sample_value
    assert found == []
    assert value("appliance_self_checks_total") > 0
    assert value("appliance_self_check_failures_total") == 0
    assert value("appliance_sequences_running") == 0
    assert value("appliance_sequences_waiting") == 0
    assert box.generations.open_count == 0
    assert crowd.ends[str(FinishReason.STOP)] + crowd.ends[str(FinishReason.LENGTH)] > 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "memory",
    [{}, {"can_drop": True}, {"can_keep": False}],
    ids=["keeps", "drops drafts", "forgets"],
)
async def test_a_thousand_random_events_leave_no_slot_taken(
    open_scripted: Callable[..., Awaitable[Box]],
    found: list[str],
    seed: int,
    memory: dict[str, bool],
) -> None:
    def reply(sequence: Sequence) -> str:
        return "ab" * (sequence.prompt_tokens % 40)

    # Too few cells and slots for all, so that seats are emptied and sequences sent back.
    backend = ScriptedBackend(reply, kv_tokens=256, context_tokens=256, **memory)
    engine = {"slots": 4, "kv_tokens": 256, "context_tokens": 256, "waiting_limit": 4}
    box = await open_scripted(backend, engine=engine)
    crowd = Crowd(box, seed, longest_prompt=150, longest_reply=80)
    await let_loose(box, crowd, 1000, found)
    assert crowd.ends[str(FinishReason.ERROR)] > 0, "the queue was never full"
    assert not backend.open
    assert backend.restored, "nothing came back from the disk"


@pytest.mark.model
async def test_the_real_model_keeps_the_same_books(tmp_path: Path, found: list[str]) -> None:
    engine = {"slots": 4, "kv_tokens": 256, "context_tokens": 256, "waiting_limit": 4}
    assistant = {"titles": False, "summaries": False, "facts": False}
    settings = Settings(
        data_dir=tmp_path / "data", hot={"embedded": False}, engine=engine, assistant=assistant
    )
    async with open_box(settings) as box:
        await let_loose(box, Crowd(box, 1, longest_prompt=80, longest_reply=8), 80, found)
