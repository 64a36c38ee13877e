from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.conversations.model_profile import ModelProfile
from appliance.conversations.replay_check import (
    ELSEWHERE,
    caveats,
    differences,
    first_difference,
    sampling_of,
)
from appliance.conversations.turn import Turn, TurnStatus
from appliance.engine.sequence import SamplingParams
from appliance.prompting.assembler import Prompt

RECORD = {
    "prompt_digest": "p",
    "system_digest": "s",
    "context_tokens": 100,
    "context_full": "shift",
    "reply_tokens": 40,
    "continued_tokens": 0,
    "model_name": "small",
}
MODEL = ModelProfile("small", "abc", {"temperature": 0.3})


def turn(record: dict[str, object] | None = None, **more: object) -> Turn:
    sampling = {**asdict(SamplingParams(temperature=0.9, seed=7, stop=("END",))), "stop": ["END"]}
    given = {"seed": 7, "sampling": sampling, "model_sha256": "abc", "attempts": 1, **more}
    return Turn("t", "c", "m", "r", TurnStatus.FINISHED, 0, prompt_record=record or RECORD, **given)  # type: ignore[arg-type]


def prompt(**changes: object) -> Prompt:
    record = {key: value for key, value in {**RECORD, **changes}.items() if value is not None}
    del record["model_name"]
    return Prompt([1, 2], 1, 30, record)


def test_the_same_prompt_on_the_same_model_differs_in_nothing():
    assert differences(turn(), prompt(), MODEL) == ()
    assert caveats(turn()) == ()


@pytest.mark.parametrize(
    ("changes", "model", "words"),
    [
        ({}, ModelProfile("big", "def"), "small wrote it; now big is loaded."),
        ({}, ModelProfile("small", "def"), "now another file of that name is loaded."),
        ({"system_digest": "other", "prompt_digest": "x"}, MODEL, "The system text is another"),
        ({"context_tokens": 50, "prompt_digest": "x"}, MODEL, "is set differently now"),
        ({"context_full": "stop"}, MODEL, "is set differently now"),
        ({"prompt_digest": "x"}, MODEL, "messages were deleted or changed"),
        ({"prompt_digest": None}, MODEL, ELSEWHERE),
    ],
)
def test_what_is_another_one_now_is_said(changes, model, words):
    (said,) = differences(turn(), prompt(**changes), model)
    assert words in said


def test_a_reply_from_elsewhere_is_not_asked_of_the_model_here():
    assert differences(turn({**RECORD, "sent_to": "bigbox"}), prompt(), MODEL) == (ELSEWHERE,)


def test_a_model_without_a_checksum_is_known_by_its_name():
    old = turn({**RECORD, "model_name": "other"}, model_sha256="")
    (said,) = differences(old, prompt(), MODEL)
    assert said.startswith("other wrote it")


def test_what_was_not_recorded_cannot_differ_and_is_owned_up_to():
    old = turn({"reply_tokens": 40}, sampling={})
    assert differences(old, prompt(), MODEL) == ()
    assert len(caveats(old)) == 2


@pytest.mark.parametrize("more", [{"attempts": 2}, {"record": {**RECORD, "continued_tokens": 5}}])
def test_a_reply_that_a_stop_had_cut_in_two_says_so(more):
    (said,) = caveats(turn(**more))
    assert "more than one go" in said


def test_it_is_sampled_as_it_was_with_the_room_that_the_whole_reply_had():
    again = sampling_of(turn(), prompt(), MODEL)
    assert again == SamplingParams(temperature=0.9, seed=7, stop=("END",), max_tokens=40)


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.9, "mood": "good"}])
def test_sampling_that_is_not_known_is_todays_with_the_seed_of_then(sampling):
    again = sampling_of(turn(sampling=sampling), prompt(), MODEL)
    assert again == SamplingParams(temperature=0.3, seed=7, max_tokens=40)


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_two_texts_part_at_the_first_character_that_differs(same, then, now):
    at = first_difference(same + then, same + now)
    if at is None:
        assert then == now
    else:
        assert (same + then)[:at] == (same + now)[:at]
        assert (same + then)[at : at + 1] != (same + now)[at : at + 1]
