"""What other threads may ask of the compute thread, through its inbox."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from appliance.engine.backend import Backend
from appliance.engine.sequence import Sequence


@dataclass(frozen=True, slots=True)
class Submit:
    """Queue a sequence. `submitted_at` is a `time.monotonic` reading in seconds."""

    sequence: Sequence
    submitted_at: float


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a sequence within one step."""

    sequence_id: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Let go of what seats and snapshots still hold of somebody's words, or of one tag's.

    `answer` is how many states there were, once nothing of it is left.
    """

    owner: str
    tag: str | None
    answer: "Future[int]"


@dataclass(frozen=True, slots=True)
class Wake:
    """Look again: a snapshot has been read from the disk."""


@dataclass(frozen=True, slots=True)
class Call:
    """Run something heavy between two steps."""

    function: Callable[[], Any]
    answer: "Future[Any]"


@dataclass(frozen=True, slots=True)
class Replace:
    """End everything, free the model and load another one.

    `answer` is the sentence that says why it could not be loaded, or None.
    """

    load: Callable[[], Backend]
    answer: "Future[str | None]"


@dataclass(frozen=True, slots=True)
class Stop:
    """End everything and free the model."""


Command = Submit | Cancel | Forget | Wake | Call | Replace | Stop


def answer_with(answer: "Future[Any]", function: Callable[[], Any]) -> None:
    """What `function` returns or raises, unless nobody waits for it any more."""
    if not answer.set_running_or_notify_cancel():
        return
    try:
        answer.set_result(function())
    except Exception as error:  # belongs to whoever asked
        answer.set_exception(error)
