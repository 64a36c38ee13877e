"""What the page says of a reply besides its text: what the box is doing, how long that may take,
how it ended and what the model did not read.
"""

from math import isfinite

from appliance.conversations.conversation import Turn, TurnPhase, TurnSnapshot
from appliance.routes.message_data import StatusView

PLACES = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")

CUT_WORDS = {
    "reply_limit": "The reply reached its length limit.",
    "shift": "The reply reached the end of what the model can hold at once.",
    "stop": "The reply reached the end of what the model can hold at once, and this conversation "
    "is full. Begin a new one to go on.",
}

LEAST_WAIT_SECONDS = 2.0
"""A shorter wait is over before its words are read."""

_STEP_SECONDS, _STEPS_UP_TO = 5.0, 57.5
"""A wait is said in steps of five seconds; what would round to a minute is said in minutes."""


def answering_words(running_turn_id: str | None) -> str:
    """What is said of a turn that has just begun, to those who do not see it."""
    return "Answering." if running_turn_id else "Answer ready."


def status_view(snapshot: TurnSnapshot) -> StatusView:
    """What the box is doing, in words."""
    wait = wait_words(snapshot.wait_seconds)
    match snapshot.phase:
        case TurnPhase.LOADING:
            return StatusView("loading", "Loading the model")
        case TurnPhase.WAITING:
            return StatusView("waiting", _place_words(snapshot.place) + wait)
        case TurnPhase.READING:
            percent = min(100, snapshot.reading_percent)
            return StatusView("reading", f"Reading your message, {percent} %{wait}", percent)
        case _:
            return StatusView("writing", "Writing")


def wait_step(seconds: float) -> float:
    """In which steps a wait of that length is said, in seconds."""
    return _STEP_SECONDS if seconds < _STEPS_UP_TO else 60.0


def wait_words(seconds: float | None) -> str:
    """How long it may take, to put behind other words; nothing when it is short or unknown."""
    if seconds is None or not isfinite(seconds) or seconds < LEAST_WAIT_SECONDS:
        return ""
    step = wait_step(seconds)
    steps = max(1, round(seconds / step))
    if step == _STEP_SECONDS:
        return f", about {steps * 5} seconds"
    return ", about a minute" if steps == 1 else f", about {steps} minutes"


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
        case {"dropped_messages": 1}:
            return "The oldest message of this conversation no longer fits and was not read."
        case {"dropped_messages": int(dropped)} if dropped > 1:
            return (
                f"The oldest {dropped:,} messages of this conversation no longer fit and were not "
                "read."
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
    parts = []
    if (speed := turn.counts.tokens_per_second) is not None:
        parts.append(f"{speed:.0f} tokens/s" if speed >= 10 else f"{speed:.1f} tokens/s")
    if (ttft_ms := turn.counts.ttft_ms) is not None:
        parts.append(f"first word after {ttft_ms / 1000:.1f} s")
    return " · ".join(parts)


def _told_words(dropped: int, told: int) -> str:
    if told >= dropped == 1:
        return "The oldest message of this conversation is read as a summary."
    if told >= dropped:
        return f"The oldest {dropped:,} messages of this conversation are read as a summary."
    return (
        f"Of the oldest {dropped:,} messages of this conversation, which no longer fit, {told:,} "
        f"are read as a summary and {dropped - told:,} were not read."
    )


def _place_words(place: int | None) -> str:
    if place is None:
        return "Waiting"
    if place == 1:
        return "Next in line"
    word = PLACES[place - 1] if place <= len(PLACES) else f"number {place}"
    return f"{word.capitalize()} in line"
