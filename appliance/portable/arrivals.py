"""The conversations of an import, a batch at a time: what is done on the thread that reads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from time import monotonic

from appliance.errors import ImportRefused, InvalidInput
from appliance.portable.arriving import Arriving
from appliance.portable.recognising import read
from appliance.portable.source import Source

MOST_CONVERSATIONS = 100_000
BATCH = 32
BATCH_MESSAGES = 500
BATCH_SECONDS = 0.1
"""After this long the batch goes, so that progress shows and an end is heard of."""

_TOO_MANY = f"The file has more than {MOST_CONVERSATIONS:,} conversations; the rest was left out."


@dataclass(frozen=True, slots=True)
class Skipped:
    """A conversation that is left out; `place` is its place in the file, counted from 1."""

    place: int
    reason: str


class Arrivals:
    """Read on one thread at a time. `ended` says why the rest of the file could not be read."""

    def __init__(self, source: Source, person_id: str) -> None:
        self._source = source
        self._arriving = self._read(person_id)
        self.is_over = False
        self.ended = ""

    @property
    def percent(self) -> int:
        """How much of the file has been read."""
        return min(100, 100 * self._source.taken_bytes // max(1, self._source.total_bytes))

    def take(self) -> list[Arriving | Skipped]:
        """The next ones, perhaps none yet."""
        batch: list[Arriving | Skipped] = []
        messages, until = 0, monotonic() + BATCH_SECONDS
        try:
            for each in self._arriving:
                if each is not None:
                    batch.append(each)
                if isinstance(each, Arriving):
                    messages += len(each.messages)
                if len(batch) >= BATCH or messages >= BATCH_MESSAGES or monotonic() > until:
                    return batch
        except ImportRefused as error:  # what came before it is whole
            self.ended = str(error)
        self.is_over = True
        return batch

    def _read(self, person_id: str) -> Iterator[Arriving | Skipped | None]:
        place = 0
        for part in self._source.parts():
            if part is None:
                yield None
                continue
            place += 1
            if place > MOST_CONVERSATIONS:
                raise ImportRefused(_TOO_MANY)
            if part.trouble:
                yield Skipped(place, part.trouble)
                continue
            try:
                yield replace(read(part.text, person_id), place=place)
            except InvalidInput as error:
                yield Skipped(place, str(error))
