"""What the box has said to those who write to it: the words it is held to afterwards."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from torture_box.kept import Kept

_TEXT = 'class="block"'


@dataclass(frozen=True, slots=True)
class Sent:
    """One message on its way."""

    client_message_id: str
    conversation_id: str
    content: str


@dataclass(slots=True)
class Told:
    """All visitors together. `mark` is called in the instant in which a visitor learns something.

    A message that was sent and neither accepted nor refused is in doubt: its answer never came, so
    it may be there or not, and sending it again must lead to one and not to two.
    """

    mark: Callable[[str], None] = lambda words: None
    sent: dict[str, Sent] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    """The conversation that each accepted message went into."""
    refused: set[str] = field(default_factory=set)
    finished: set[str] = field(default_factory=set)
    """The turns of which the stream said `done`."""
    _pieces: int = 0
    _heard: threading.Condition = field(default_factory=threading.Condition)

    def send(self, sent: Sent) -> None:
        self.sent[sent.client_message_id] = sent

    def accept(self, client_message_id: str, conversation_id: str) -> None:
        self.mark(f"accepted {client_message_id}")
        self.accepted[client_message_id] = conversation_id

    def refuse(self, client_message_id: str) -> None:
        self.refused.add(client_message_id)

    def finish(self, turn_id: str) -> None:
        self.mark(f"finished {turn_id}")
        self.finished.add(turn_id)

    def hear(self, piece: str) -> None:
        """Something was shown on a page; what counts is the text of replies."""
        with self._heard:
            self._pieces += piece.count(_TEXT)
            self._heard.notify_all()

    def wait_for_pieces(self, count: int, seconds: float) -> None:
        """Until so many more have been shown, or the time is up."""
        with self._heard:
            enough = self._pieces + count
            self._heard.wait_for(lambda: self._pieces >= enough, seconds)

    def in_doubt(self) -> list[Sent]:
        answered = self.accepted.keys() | self.refused
        return [sent for key, sent in self.sent.items() if key not in answered]

    def missing(self, kept: Kept) -> list[str]:
        """What was promised and is not there, a sentence each."""
        wrong = []
        for key in self.accepted:
            found = kept.messages[key, self.sent[key].content]
            if found != 1:
                wrong.append(f"the accepted message {key} is there {found} times")
        for turn_id in self.finished:
            turn = kept.turns.get(turn_id)
            if turn is None or turn.is_open:
                stands = turn.status if turn else "missing"
                wrong.append(f"turn {turn_id} was said to be done and is {stands}")
        return wrong

    def unexpected(self, kept: Kept) -> list[str]:
        """What is there and should not be, a sentence each."""
        wrong = []
        for key, content in kept.messages:
            if key not in self.sent or self.sent[key].content != content:
                wrong.append(f"message {key} is there and nobody sent it so")
            elif key in self.refused:
                wrong.append(f"message {key} was refused and is there")
        asked = Counter(turn.client_message_id for turn in kept.turns.values())
        wrong += [f"message {key} has no turn" for key, _ in kept.messages if not asked[key]]
        wrong += [f"message {key} has {count} turns" for key, count in asked.items() if count > 1]
        for turn in kept.turns.values():
            if turn.replies > (turn.reply is not None):
                wrong.append(f"turn {turn.turn_id} has {turn.replies} replies")
        return wrong
