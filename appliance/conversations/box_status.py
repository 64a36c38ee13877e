"""Whether there is a model to talk to, in words for the person who waits."""

from dataclasses import dataclass

from appliance.engine.engine import EngineState


@dataclass(frozen=True, slots=True)
class BoxStatus:
    """`state` is loading, ready or failed; `sentence` says what to do about it.

    `answered_by` names the other machine that the messages go to, when it is not this box.
    """

    state: str
    model_name: str
    sentence: str
    answered_by: str = ""


def box_status(
    state: EngineState, model_name: str, failure: str | None, answered_by: str = ""
) -> BoxStatus:
    """What the state of an engine of either kind means for a person."""
    match state:
        case EngineState.READY:
            return BoxStatus("ready", model_name, "Ready.", answered_by)
        case EngineState.LOADING:
            sentence = "The model is loading. What you send now is answered as soon as it is ready."
            return BoxStatus("loading", model_name, sentence, answered_by)
        case _:
            sentence = failure or "The engine has stopped."
            return BoxStatus("failed", model_name, sentence, answered_by)
