"""A reply of the real model, run again alone."""

from dataclasses import replace

import pytest
from conversation_steps import follow_to_end, say

from appliance.conversations.conversation import TurnPhase, TurnStatus
from appliance.conversations.turn_runner import TurnRunner
from appliance.lifespan import open_box
from appliance.settings import Settings

pytestmark = pytest.mark.model

QUESTIONS = ("Tell me about the sea.", "Why is the sky blue?", "Write a short story about a fox.")


def sample_with(runner: TurnRunner, **sampling: object) -> None:
    """From now on, instead of what the model's makers advise."""
    advised = runner._model_profile
    runner._model_profile = lambda: replace(advised(), sampling=sampling)


@pytest.mark.parametrize("sampling", [{"temperature": 0.0}, {"temperature": 0.7, "seed": 7}])
async def test_a_reply_that_ran_alone_comes_out_the_same_word_for_word(tmp_path, sampling) -> None:
    settings = Settings(
        data_dir=tmp_path,
        hot={"embedded": False},
        limits={"reply_tokens": 60},
        assistant={"titles": False, "summaries": False},
    )
    async with open_box(settings) as box:
        await box.generations.wait_ready()
        sample_with(box.desk.runner, **sampling)
        conversation_id = None
        for question in QUESTIONS:
            started = await say(box, question, conversation_id)
            conversation_id = started.conversation.conversation_id
            last = (await follow_to_end(box, started.turn.turn_id))[-1]
            assert last.turn.status is TurnStatus.FINISHED
            *_, again = [s async for s in box.desk.replays.run(box.person, started.turn.turn_id)]
            assert (again.phase, again.differences) == (TurnPhase.ENDED, ())
            assert again.text == last.text != ""
