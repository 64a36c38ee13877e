"""A reply that is run again, as the drawer shows it: beside the first, word by word, and how the
two compare.
"""

from collections.abc import Iterator

from appliance.conversations.replay_check import caveats, first_difference
from appliance.conversations.replays import Original, ReplaySnapshot
from appliance.conversations.turn import TurnPhase
from appliance.routes.fragments import Fragments, partial
from appliance.routes.seen_data import ComparedText, ReplayView, ReplayWords
from appliance.sentences import say, say_counted

SAME = say("The same, word for word.")
DIGITS = say(
    "That can happen without anything being wrong: how many tokens go through the model together "
    "(others being answered, guesses, what was read already) changes the last digits of its "
    "numbers, and where two words are nearly as likely the other one may then be taken."
)


class GrowingReplay:
    """One reader's view of it: knows what this reader has been sent."""

    def __init__(self, fragments: Fragments, original: Original) -> None:
        self._fragments = fragments
        self._original = original
        self._status = ""
        self._sent: str | None = None

    def changes(self, snapshot: ReplaySnapshot) -> list[str]:
        """The partials that lead from the last snapshot to this one; the first holds everything."""
        if snapshot.phase is TurnPhase.ENDED:
            return [self._fragments.into("replay", end_view(self._original, snapshot))]
        if self._sent is None:
            self._sent, self._status = "", status_words(snapshot)
            return [self._fragments.into("replay", begin_view(self._original, self._status))]
        return [*self._status_change(snapshot), *self._text_change(snapshot.text)]

    def _status_change(self, snapshot: ReplaySnapshot) -> Iterator[str]:
        status = status_words(snapshot)
        if status != self._status:
            self._status = status
            yield self._fragments.words_into("replay-status", status)

    def _text_change(self, text: str) -> Iterator[str]:
        assert self._sent is not None
        if not text.startswith(self._sent):  # it begins anew
            self._sent = ""
            yield partial("replay-now", "innerHTML")
        if more := text[len(self._sent) :]:
            self._sent = text
            yield self._fragments.after_all_in("replay-now", ReplayWords(more))


def status_words(snapshot: ReplaySnapshot) -> str:
    """What it waits for or does."""
    match snapshot.phase:
        case TurnPhase.WAITING:
            return say_counted(
                "Waiting until the model is free: it is busy with %(num)s other run.",
                "Waiting until the model is free: it is busy with %(num)s other runs.",
                snapshot.others,
            )
        case TurnPhase.LOADING:
            return say("Putting the same prompt together.")
        case TurnPhase.READING:
            return say("Reading the same prompt.")
        case _:
            return say("Writing.")


def begin_view(original: Original, status: str) -> ReplayView:
    """Before its first word."""
    return ReplayView(status, (), (), ComparedText(original.text, ""), ComparedText("", ""))


def end_view(original: Original, snapshot: ReplaySnapshot) -> ReplayView:
    """The verdict, and where the two texts part."""
    if snapshot.differences:
        words = say("It cannot be run again as it was, so it was not.")
        return ReplayView(words, snapshot.differences, (), None, None)
    then, now = original.text, snapshot.text
    at = first_difference(then, now)
    notes = caveats(original.turn)
    if at is None:
        return ReplayView(SAME, (), notes, ComparedText(then, ""), ComparedText(now, ""))
    return ReplayView(
        _difference_words(then, now, at),
        (),
        (DIGITS, *notes),
        ComparedText(then[:at], then[at:]),
        ComparedText(now[:at], now[at:]),
    )


def _difference_words(then: str, now: str, at: int) -> str:
    if at == len(now):
        return say_counted(
            "The same as far as it goes: this one ends after %(num)s character.",
            "The same as far as it goes: this one ends after %(num)s characters.",
            at,
        )
    if at == len(then):
        return say_counted(
            "The same for all %(num)s character of the first one; this one goes on.",
            "The same for all %(num)s characters of the first one; this one goes on.",
            at,
        )
    if at == 0:
        return say("Another text from the first character on.")
    return say_counted(
        "The same for the first %(num)s character, then they part.",
        "The same for the first %(num)s characters, then they part.",
        at,
    )
