"""What recall and facts cost with the real small model, in tokens that it reads."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aside_steps import settled
from conversation_steps import exchange
from recall_steps import ScriptedRecall, said_in
from recall_steps import recall as recall  # a fixture

from appliance.conversations.fact_question import Picks, fact_grammar, fact_question
from appliance.conversations.statements import statements_in
from appliance.conversations.turn import Turn
from appliance.engine.sequence import SamplingParams
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

pytestmark = pytest.mark.model
DOG = "My dog is called Rex and he is five years old."


@pytest.fixture
async def box(tmp_path: Path, recall: ScriptedRecall) -> AsyncIterator[Box]:
    settings = Settings(
        data_dir=tmp_path,
        hot={"embedded": False},
        limits={"reply_tokens": 24},
        assistant={"titles": False, "summaries": False},
    )
    async with open_box(settings) as box:
        await box.generations.wait_ready()
        yield box


async def stored(box: Box, turn: Turn) -> Turn:
    return await box.desk.service.find_turn(box.person, turn.turn_id)


async def test_the_next_turn_reads_nothing_twice_of_a_prompt_with_material(
    box: Box, recall: ScriptedRecall
) -> None:
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    await settled(box)
    first = await exchange(box, "What is the name of my dog?")
    await settled(box)
    again = await exchange(box, "And how old is he?", first.conversation.conversation_id)
    before, after = await stored(box, first.turn), await stored(box, again.turn)
    assert before.prompt_record["recalled_tokens"]
    # The last token of a reply is sampled, not read; the template ends the reply after it.
    held = before.counts.prompt_tokens + before.counts.completion_tokens - 1
    assert after.counts.cached_tokens >= held
    assert after.counts.prompt_tokens - held < 60, "the new message, and what may be new of facts"


async def test_the_systems_words_stay_everybodys(box: Box, recall: ScriptedRecall) -> None:
    plain = await stored(box, (await exchange(box, DOG)).turn)
    recall.will_find((await said_in(box, await exchange(box, DOG)))[0])
    recalling = await stored(box, (await exchange(box, "What is the name of my dog?")).turn)
    public = plain.prompt_record["public_tokens"]
    assert recalling.prompt_record["public_tokens"] == public
    assert isinstance(public, int) and recalling.counts.cached_tokens >= public > 0


async def test_the_model_can_only_answer_in_the_form_of_the_question(box: Box) -> None:
    statements = statements_in("I live in Busan. I am a nurse. My sister eats no meat.")
    tokens = box.engine.tokenizer.continued([("user", fact_question(statements))], "")
    sampling = SamplingParams(
        temperature=0.0, max_tokens=200, grammar=fact_grammar(statements), seed=1
    )
    text = ""
    async with box.generations.begin(box.person.person_id, tokens, sampling) as generation:
        async for event in generation:
            text += getattr(event, "text", "")
    picks = [each.sentence for each in msgspec.json.decode(text, type=Picks).facts]
    assert len(picks) <= 3 and set(picks) <= {1, 2, 3}
