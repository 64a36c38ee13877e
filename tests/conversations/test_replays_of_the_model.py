"""A reply of the real model, run again alone."""

from dataclasses import replace

import pytest
from conversation_steps import follow_to_end, say

from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.conversations.turn_runner import TurnRunner
from appliance.lifespan import open_box
from appliance.settings import Settings

pytestmark = pytest.mark.model

QUESTIONS = ("Tell me about the sea.", "Why is the sky blue?", "Write a short story about a fox.")


def sample_with(runner: TurnRunner, **sampling: object) -> None:
    """From now on, instead of what the model's makers advise."""
    advised = runner._model_profile
    runner._model_profile = lambda: replace(advised(), sampling=sampling)


# Where its cells lie in the KV cache changes the last digits of what the model computes, on some
# processors enough to choose another word once in some dozens. So much of a reply has to come out
# the same, in most of the replies: another seed brings it about in none.
SAME_CHARACTERS = 25


async def test_a_reply_that_ran_alone_begins_again_word_for_word(tmp_path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        hot={"embedded": False},
        limits={"reply_tokens": 60},
        assistant={"titles": False, "summaries": False, "facts": False},
        # What the first seed said is not for the second one.
        recall={"enabled": False},
    )
    beginnings, repeated = [], 0
    async with open_box(settings) as box:
        await box.generations.wait_ready()
        for seed in (7, 8):
            sample_with(box.desk.runner, temperature=1.5, seed=seed)
            conversation_id, begun = None, []
            for question in QUESTIONS:
                started = await say(box, question, conversation_id)
                conversation_id = started.conversation.conversation_id
                last = (await follow_to_end(box, started.turn.turn_id))[-1]
                assert last.turn.status is TurnStatus.FINISHED
                *_, again = [
                    s async for s in box.desk.replays.run(box.person, started.turn.turn_id)
                ]
                assert (again.phase, again.differences) == (TurnPhase.ENDED, ())
                assert again.text and last.text
                repeated += again.text[:SAME_CHARACTERS] == last.text[:SAME_CHARACTERS]
                begun.append(last.text[:SAME_CHARACTERS])
            beginnings.append(begun)
    assert repeated >= len(QUESTIONS) + 1, f"{repeated} of {2 * len(QUESTIONS)}"
    assert not set(beginnings[0]) & set(beginnings[1]), "another seed says something else"
