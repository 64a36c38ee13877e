"""What the page says of a reply besides its text: what the box is doing, and how fast it was."""

from appliance.conversations.conversation import Turn, TurnPhase, TurnSnapshot
from appliance.routes.page_data import StatusView

PLACES = ("next", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")


def status_view(snapshot: TurnSnapshot) -> StatusView:
    """What the box is doing, in words."""
    match snapshot.phase:
        case TurnPhase.LOADING:
            return StatusView("loading", "Loading the model")
        case TurnPhase.WAITING:
            return StatusView("waiting", _place_words(snapshot.place))
        case TurnPhase.READING:
            percent = min(100, snapshot.reading_percent)
            return StatusView("reading", f"Reading your message, {percent} %", percent)
        case _:
            return StatusView("writing", "Writing")


def speed_words(turn: Turn) -> str:
    """How fast the reply came, for those who look."""
    parts = []
    if (speed := turn.counts.tokens_per_second) is not None:
        parts.append(f"{speed:.0f} tokens/s" if speed >= 10 else f"{speed:.1f} tokens/s")
    if (ttft_ms := turn.counts.ttft_ms) is not None:
        parts.append(f"first word after {ttft_ms / 1000:.1f} s")
    return " · ".join(parts)


def _place_words(place: int | None) -> str:
    if place is None:
        return "Waiting"
    if place == 1:
        return "Next in line"
    word = PLACES[place - 1] if place <= len(PLACES) else f"number {place}"
    return f"{word.capitalize()} in line"
