"""What the page says of a reply besides its text: what the box is doing, how long that may take,
how it ended and what the model did not read.
"""

from math import isfinite

from appliance.conversations.turn import Turn, TurnPhase, TurnSnapshot
from appliance.routes.message_data import StatusView
from appliance.sentences import number, row, say, say_counted

PLACES = (
    say("Next in line"),
    say("Second in line"),
    say("Third in line"),
    say("Fourth in line"),
    say("Fifth in line"),
    say("Sixth in line"),
    say("Seventh in line"),
    say("Eighth in line"),
    say("Ninth in line"),
)

CUT_WORDS = {
    "reply_limit": say("The reply reached its length limit."),
    "shift": say("The reply reached the end of what the model can hold at once."),
    "stop": say(
        "The reply reached the end of what the model can hold at once, and this conversation "
        "is full. Begin a new one to go on."
    ),
}

LEAST_WAIT_SECONDS = 2.0
"""A shorter wait is over before its words are read."""

_STEP_SECONDS, _STEPS_UP_TO = 5.0, 57.5
"""A wait is said in steps of five seconds; what would round to a minute is said in minutes."""


def answering_words(running_turn_id: str | None) -> str:
    """What is said of a turn that has just begun, to those who do not see it."""
    return say("Answering.") if running_turn_id else say("Answer ready.")


def status_view(snapshot: TurnSnapshot) -> StatusView:
    """What the box is doing, in words."""
    wait = wait_words(snapshot.wait_seconds)
    match snapshot.phase:
        case TurnPhase.LOADING:
            return StatusView("loading", say("Loading the model"))
        case TurnPhase.WAITING:
            return StatusView("waiting", _with_wait(_place_words(snapshot.place), wait))
        case TurnPhase.READING:
            percent = min(100, snapshot.reading_percent)
            words = say("Reading your message, %(percent)s %%", percent=percent)
            return StatusView("reading", _with_wait(words, wait), percent)
        case _:
            return StatusView("writing", say("Writing"))


def wait_step(seconds: float) -> float:
    """In which steps a wait of that length is said, in seconds."""
    return _STEP_SECONDS if seconds < _STEPS_UP_TO else 60.0


def wait_words(seconds: float | None) -> str:
    """How long it may take; nothing when that is short or unknown."""
    if seconds is None or not isfinite(seconds) or seconds < LEAST_WAIT_SECONDS:
        return ""
    step = wait_step(seconds)
    steps = max(1, round(seconds / step))
    if step == _STEP_SECONDS:
        return say_counted("about %(num)s second", "about %(num)s seconds", steps * 5)
    return say_counted("about a minute", "about %(num)s minutes", steps)


def cut_words(turn: Turn) -> str:
    """Which end a reply was cut at; nothing for one that ended by itself."""
    if turn.finish_reason != "length":
        return ""
    record = turn.prompt_record
    if record.get("reply_bound") != "context":
        return CUT_WORDS["reply_limit"]
    return CUT_WORDS["stop" if record.get("context_full") == "stop" else "shift"]


def is_full(turn: Turn) -> bool:
    """Whether the reply was cut because nothing more has room in its conversation."""
    return cut_words(turn) == CUT_WORDS["stop"]


def unread_words(turn: Turn) -> str:
    """What the model did not read of the conversation; nothing when it read all of it."""
    match turn.prompt_record:
        case {"dropped_messages": int(dropped), "summary_messages": int(told)} if dropped > 0:
            return _told_words(dropped, told)
        case {"dropped_messages": int(dropped)} if dropped > 0:
            return say_counted(
                "The oldest message of this conversation no longer fits and was not read.",
                "The oldest %(num)s messages of this conversation no longer fit and were not read.",
                dropped,
            )
        case _:
            return ""


def details_url(turn: Turn) -> str:
    """Where to read what the model saw."""
    return f"/turns/{turn.turn_id}/prompt"


def summary_url(turn: Turn) -> str:
    """Where to read what stood for the messages that were left out; nothing when nothing did."""
    is_told = turn.prompt_record.get("summary_messages")
    return f"/conversations/{turn.conversation_id}/summary" if is_told else ""


def speed_words(turn: Turn) -> str:
    """How fast the reply came, for those who look."""
    parts: list[str] = []
    if (speed := turn.counts.tokens_per_second) is not None:
        parts.append(say("%(speed)s tokens/s", speed=number(speed, 0 if speed >= 10 else 1)))
    if (ttft_ms := turn.counts.ttft_ms) is not None:
        parts.append(say("first word after %(seconds)s s", seconds=number(ttft_ms / 1000, 1)))
    return row(parts)


def _told_words(dropped: int, told: int) -> str:
    if told >= dropped:
        return say_counted(
            "The oldest message of this conversation is read as a summary.",
            "The oldest %(num)s messages of this conversation are read as a summary.",
            dropped,
        )
    return say(
        "Of the oldest %(dropped)s messages of this conversation, which no longer fit, %(told)s "
        "are read as a summary and %(unread)s were not read.",
        dropped=dropped,
        told=told,
        unread=dropped - told,
    )


def _with_wait(words: str, wait: str) -> str:
    return say("%(words)s, %(wait)s", words=words, wait=wait) if wait else words


def _place_words(place: int | None) -> str:
    if place is None:
        return say("Waiting")
    if place <= len(PLACES):
        return PLACES[place - 1]
    return say("Number %(place)s in line", place=place)
