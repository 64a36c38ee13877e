"""Whether there is a model to talk to, in words for the person who waits."""

from dataclasses import dataclass

from appliance.engine.engine import EngineState
from appliance.sentences import say


@dataclass(frozen=True, slots=True)
class BoxStatus:
    """`state` is loading, ready or failed; `sentence` says what to do about it."""

    state: str
    model_name: str
    sentence: str
    answered_by: str = ""
    """The other machine that the messages go to, when it is not this box that answers."""
    loaded_percent: int | None = None
    """How much of the model has been read, while it loads."""
    is_changing: bool = False
    """Another model comes as soon as the replies being written are done."""
    trouble: str = ""
    """What went wrong although the box answers: a model that was chosen, or a draft model, that
    could not be loaded.
    """


def box_status(
    state: EngineState,
    model_name: str,
    failure: str | None,
    answered_by: str = "",
    loaded_percent: int | None = None,
    trouble: str = "",
) -> BoxStatus:
    """What the state of an engine of either kind means for a person."""
    match state:
        case EngineState.READY:
            return BoxStatus("ready", model_name, say("Ready."), answered_by, trouble=trouble)
        case EngineState.LOADING:
            sentence = say(
                "The model is loading. What you send now is answered as soon as it is ready."
            )
            return BoxStatus("loading", model_name, sentence, answered_by, loaded_percent)
        case _:
            words = failure or say("The engine has stopped.")
            return BoxStatus("failed", model_name, words, answered_by)
