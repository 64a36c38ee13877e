"""kill -9, again and again, at any moment of a busy box's life; and after each what it has kept."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from appliance.conversations.recovery import GIVEN_UP
from torture_box.kept import Kept, copy_of, look_into
from torture_box.seen import Seen
from torture_box.starting import OwnBox, start
from torture_box.told import Told
from torture_box.visitor import QUESTIONS, Visitor, visit_together

VISITORS = 3
MOST_PIECES = 60
"""Of replies, that are shown before it is killed: some replies end, and some are cut off."""

_LONGEST_PAUSE_SECONDS = 1.2
_PATIENCE_SECONDS = 20.0
_REPLY_TOKENS = 32
_KILLED_WHILE_STARTING = 0.15
_RESTS = 0.4
"""How often it may finish what was cut off before it is busy again; else there is ever more."""


@dataclass(slots=True)
class KillFigures:
    """What happened and what was found; `wrong` must stay empty."""

    kills: int = 0
    kills_while_starting: int = 0
    accepted: int = 0
    repeated: int = 0
    stored_without_answer: int = 0
    turns: int = 0
    interrupted: int = 0
    given_up: int = 0
    interrupted_as_undisturbed: int = 0
    interrupted_compared: int = 0
    others_as_undisturbed: int = 0
    others_compared: int = 0
    wrong: list[str] = field(default_factory=list)


class Kills:
    """One box, killed over and over."""

    def __init__(self, folder: Path, luck: random.Random, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._luck = luck
        self._say = say
        self._told = Told()
        self._seen = Seen()
        self._first_reply_seconds = 0.0
        self.figures = KillFigures()

    def run(self, kills: int) -> KillFigures:
        """Everything that was promised holds after each of so many kills, or `wrong` says what."""
        undisturbed = self._undisturbed_replies()
        with start(self._folder, "--greedy", reply_tokens=_REPLY_TOKENS) as box:
            for number in range(kills):
                self._live_and_die(box)
                kept = self._check(f"after kill {number + 1}")
                self._say(f"kill {number + 1}: {len(kept.messages)} messages, {self._state()}")
                self._start_again(box)
                self._repeat(box)
                if self._luck.random() < _RESTS:
                    self._come_to_rest(box)
            self._come_to_rest(box)
            assert box.stop() == 0
        kept = self._check("at the end")
        self._count(kept, undisturbed)
        return self.figures

    def _undisturbed_replies(self) -> dict[str, str]:
        """What each question is answered when nothing happens and nobody else asks."""
        folder = self._folder / "undisturbed"
        folder.mkdir()
        with (
            start(folder, "--greedy", reply_tokens=_REPLY_TOKENS) as box,
            box.page() as page,
        ):
            began = time.monotonic()
            for question in QUESTIONS:
                page.read_to_end(page.say(question))
                self._first_reply_seconds = self._first_reply_seconds or time.monotonic() - began
        kept = look_into(copy_of(box.data_dir, self._folder / "copy"))
        return {turn.asked: turn.reply or "" for turn in kept.turns.values()}

    def _live_and_die(self, box: OwnBox) -> None:
        visitors = [Visitor(box.page, self._told, self._own_luck()) for _ in range(VISITORS)]
        # By what is shown and not by the clock, or on a slow machine no reply would get anywhere.
        pieces = self._luck.randint(0, MOST_PIECES)
        pause = self._luck.uniform(0, _LONGEST_PAUSE_SECONDS)

        def kill() -> None:
            self._told.wait_for_pieces(pieces, _PATIENCE_SECONDS)
            time.sleep(pause)
            box.kill()

        visit_together(visitors, lambda: False, meanwhile=kill)
        self.figures.kills += 1

    def _start_again(self, box: OwnBox) -> None:
        """Now and then it is killed before it is there, too."""
        while self._luck.random() < _KILLED_WHILE_STARTING:
            box.launch_again()
            time.sleep(self._luck.uniform(0, self._first_reply_seconds))
            box.kill()
            self.figures.kills_while_starting += 1
            self._check("after a kill while it started")
        box.start_again()

    def _repeat(self, box: OwnBox) -> None:
        """What was in doubt is sent again, and a few that were accepted: each is there once."""
        visitor = Visitor(box.page, self._told, self._luck)
        accepted = dict(self._told.accepted)
        doubtful = self._told.in_doubt()
        stored = {key for key, _ in self._seen.kept.messages}
        self.figures.stored_without_answer += sum(
            sent.client_message_id in stored for sent in doubtful
        )
        known = list(accepted)[-VISITORS:]
        for sent in (*doubtful, *(self._told.sent[key] for key in known)):
            self.figures.repeated += 1
            key = sent.client_message_id
            conversation_id = visitor.repeat(sent)
            if key in accepted and conversation_id != accepted[key]:
                self.figures.wrong.append(f"message {key}, sent again, went somewhere else")

    def _come_to_rest(self, box: OwnBox) -> None:
        """Every turn that was cut off goes on by itself and comes to its end."""
        box.wait_ready()
        with box.page() as page:
            for turn_id in self._seen.open_turns():
                page.read_stream(turn_id)
            # Those that were sent again after the last kill.
            for conversation_id in list(self._told.accepted.values())[-2 * VISITORS :]:
                page.read_stream(page.latest_turn(conversation_id).turn_id)

    def _check(self, when: str) -> Kept:
        kept = look_into(copy_of(self._folder / "data", self._folder / "copy"))
        wrong = [f"the database is damaged: {kept.damage}"] if kept.damage else []
        wrong += [*self._told.missing(kept), *self._told.unexpected(kept), *self._seen.take(kept)]
        self.figures.wrong += [f"{when}: {sentence}" for sentence in wrong]
        return kept

    def _count(self, kept: Kept, undisturbed: dict[str, str]) -> None:
        figures = self.figures
        figures.accepted = len(self._told.accepted)
        figures.turns = len(kept.turns)
        for turn in kept.turns.values():
            if turn.is_open:
                figures.wrong.append(f"turn {turn.turn_id} never ended")
            was_interrupted = turn.turn_id in self._seen.interrupted
            figures.interrupted += was_interrupted
            figures.given_up += turn.error == GIVEN_UP
            if not turn.is_first or turn.status != "finished":
                continue
            is_same = turn.reply == undisturbed[turn.asked]
            if was_interrupted:
                figures.interrupted_compared += 1
                figures.interrupted_as_undisturbed += is_same
            else:
                figures.others_compared += 1
                figures.others_as_undisturbed += is_same

    def _own_luck(self) -> random.Random:
        return random.Random(self._luck.random())

    def _state(self) -> str:
        still = len(self._seen.open_turns())
        return f"{still} replies open, {len(self.figures.wrong)} things wrong"
