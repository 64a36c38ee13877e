"""Whether there is a model to talk to, in words for the person who waits."""

from dataclasses import dataclass

from appliance.engine.engine import Engine, EngineState


@dataclass(frozen=True, slots=True)
class BoxStatus:
    """`state` is loading, ready or failed; `sentence` says what to do about it."""

    state: str
    model_name: str
    sentence: str


def box_status(engine: Engine, model_name: str) -> BoxStatus:
    match engine.state:
        case EngineState.READY:
            return BoxStatus("ready", model_name, "Ready.")
        case EngineState.LOADING:
            sentence = "The model is loading. What you send now is answered as soon as it is ready."
            return BoxStatus("loading", model_name, sentence)
        case _:
            return BoxStatus("failed", model_name, engine.failure or "The engine has stopped.")
