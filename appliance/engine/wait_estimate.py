"""About how long until somebody's first word. An estimate for a person, not a promise. Pure."""

from collections.abc import Iterable
from collections.abc import Sequence as Sequences

from appliance.engine.sequence import Priority, Sequence
from appliance.engine.step_budget import StepBudget

_FIRST_GUESS_TOKENS = 200.0
_SMOOTHING = 0.2
_LEAST_LEFT_TOKENS = 16


class WaitEstimate:
    """Learns how long replies usually get."""

    def __init__(self) -> None:
        self._reply_tokens = _FIRST_GUESS_TOKENS

    def ended(self, completion_tokens: int) -> None:
        """A reply was so long."""
        if completion_tokens:
            self._reply_tokens += _SMOOTHING * (completion_tokens - self._reply_tokens)

    def seconds(
        self,
        running: Iterable[Sequence],
        queue: Sequences[Sequence],
        budget: StepBudget,
        running_limit: int,
    ) -> dict[Sequence, float]:
        """For everybody who has no word yet; empty while nothing is known of the model's speed."""
        people = [seq for seq in running if seq.priority is Priority.NORMAL]
        reading = [seq for seq in people if seq.completion_tokens == 0]
        decoding = len(people) - len(reading)
        rate = budget.reading_tokens_per_second(decoding)
        if rate is None or not (reading or queue):
            return {}
        seconds = {
            seq: sum(min(seq.pending, other.pending) for other in reading) / rate for seq in reading
        }
        step = budget.step_seconds(decoding)
        ends = sorted(seconds.get(seq, 0.0) + self._left(seq) * step for seq in people)
        free = max(0, running_limit - len(people))
        for place, sequence in enumerate(queue):
            # Each seat that gets free is taken by the next in line, who keeps it for a whole reply.
            lap, index = divmod(max(0, place - free), max(1, len(ends)))
            seat = 0.0 if place < free or not ends else ends[index]
            seconds[sequence] = seat + lap * self._reply_tokens * step + sequence.pending / rate
        return seconds

    def _left(self, sequence: Sequence) -> float:
        left = self._reply_tokens - sequence.completion_tokens
        most = sequence.sampling.max_tokens - sequence.completion_tokens
        return min(max(left, _LEAST_LEFT_TOKENS), most)
