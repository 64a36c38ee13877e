"""Which tokens of which sequence go through the model in one step."""

from dataclasses import dataclass, field

from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot


@dataclass(frozen=True, slots=True)
class Row:
    """`count` tokens of `sequence`, from position `start` on."""

    sequence: Sequence
    start: int
    count: int

    @property
    def slot(self) -> Slot:
        assert self.sequence.slot is not None
        return self.sequence.slot

    @property
    def tokens(self) -> list[int]:
        return self.sequence.tokens[self.start : self.start + self.count]

    @property
    def wants_logits(self) -> bool:
        """Only the last token of all that is pending is sampled from."""
        return self.start + self.count == len(self.sequence.tokens)


@dataclass(slots=True)
class Batch:
    """One step: decode rows first, then pieces of prompts.

    `evicted` seats are emptied before it runs.
    """

    rows: list[Row] = field(default_factory=list)
    evicted: list[Slot] = field(default_factory=list)

    @property
    def token_count(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def decode_rows(self) -> int:
        return sum(1 for row in self.rows if row.sequence.is_decoding)
