"""Whether a reply can be written again as it was, and how two texts differ. Pure.

A seed repeats a reply only for the same model, prompt and sampling. What is another one now is said
instead of being passed over.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from appliance.conversations.model_profile import ModelProfile
from appliance.conversations.prompt_parts import number
from appliance.conversations.turn import Turn
from appliance.engine.sequence import SamplingParams
from appliance.errors import GrammarRefused
from appliance.prompting.assembler import Prompt
from appliance.sentences import say

ELSEWHERE = say(
    "A machine elsewhere answers here, and nobody but it knows what it makes of a seed."
)
_SETTINGS = ("context_tokens", "context_full")


def differences(turn: Turn, prompt: Prompt, model: ModelProfile) -> tuple[str, ...]:
    """Why this prompt on this model is not what the turn was given, as far as was recorded."""
    then, now = turn.prompt_record, prompt.record
    if "prompt_digest" not in now or "sent_to" in then:
        return (ELSEWHERE,)
    found: list[str] = []
    if _is_other_model(turn, model):
        found.append(_other_model_words(then.get("model_name"), model.name))
    if _differ(then, now, "system_digest"):
        found.append(say("The system text is another one now."))
    if any(_differ(then, now, name) for name in _SETTINGS):
        found.append(say("How much of a conversation the model may read is set differently now."))
    if not found and _differ(then, now, "prompt_digest"):
        found.append(
            say(
                "What stands before the reply is not the same any more: messages were deleted or "
                "changed, or are summarised in another way."
            )
        )
    return tuple(found)


def caveats(turn: Turn) -> tuple[str, ...]:
    """What else may make a second run differ from the first, or cannot be known."""
    found: list[str] = []
    if "prompt_digest" not in turn.prompt_record:
        found.append(
            say(
                "What the prompt was made of was not recorded then, so it may not be the very same."
            )
        )
    if _recorded_sampling(turn) is None:
        found.append(say("How it was sampled was not recorded, so today's settings were taken."))
    if turn.attempts > 1 or turn.prompt_record.get("continued_tokens"):
        found.append(
            say("The first time it was written in more than one go, with a stop in between.")
        )
    return tuple(found)


def sampling_of(turn: Turn, prompt: Prompt, model: ModelProfile) -> SamplingParams:
    """The turn's own sampling and seed, with as much room as its whole reply had."""
    room = number(turn.prompt_record, "reply_tokens")
    given: dict[str, Any] = {"max_tokens": prompt.reply_tokens if room is None else room}
    if turn.seed:
        given["seed"] = turn.seed
    recorded = _recorded_sampling(turn)
    return replace(recorded, **given) if recorded else model.sampling_params(**given)


def first_difference(then: str, now: str) -> int | None:
    """Index of the first character that differs; None when the texts are the same."""
    pairs = enumerate(zip_longest(then, now))
    return next((index for index, (a, b) in pairs if a != b), None)


def _recorded_sampling(turn: Turn) -> SamplingParams | None:
    """None for a turn of a version that recorded none, or had other ways to sample."""
    if not turn.sampling:
        return None
    recorded: dict[str, Any] = dict(turn.sampling)
    try:
        return SamplingParams(**{**recorded, "stop": tuple(recorded.get("stop", ()))})
    except (TypeError, GrammarRefused):
        return None


def _is_other_model(turn: Turn, model: ModelProfile) -> bool:
    if turn.model_sha256 and model.sha256:
        return turn.model_sha256 != model.sha256
    return turn.prompt_record.get("model_name", model.name) != model.name


def _other_model_words(then: object, now: str) -> str:
    if not then:
        return say("Another model wrote it; now %(now)s is loaded.", now=now)
    if then == now:
        return say("%(then)s wrote it; now another file of that name is loaded.", then=then)
    return say("%(then)s wrote it; now %(now)s is loaded.", then=then, now=now)


def _differ(then: Mapping[str, object], now: Mapping[str, object], name: str) -> bool:
    """Only what both have can differ."""
    return name in then and name in now and then[name] != now[name]
