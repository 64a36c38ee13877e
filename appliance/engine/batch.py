"""Which tokens of which sequence go through the model in one step."""

from dataclasses import dataclass, field

from appliance.engine.sequence import Sequence
from appliance.engine.slots import Held, Slot


@dataclass(frozen=True, slots=True)
class Row:
    """`count` tokens of `sequence`, from position `start` on, and a guess at what follows them."""

    sequence: Sequence
    start: int
    count: int
    draft: tuple[int, ...] = ()
    is_guessed: bool = False
    """The draft is the draft model's; otherwise it was looked up in the text."""

    @property
    def slot(self) -> Slot:
        assert self.sequence.slot is not None
        return self.sequence.slot

    @property
    def tokens(self) -> list[int]:
        return [*self.sequence.tokens[self.start : self.start + self.count], *self.draft]

    @property
    def size(self) -> int:
        """How many tokens go through the model."""
        return self.count + len(self.draft)

    @property
    def wants_logits(self) -> bool:
        """Only the last token of all that is pending is sampled from, and each of a draft."""
        return self.start + self.count == len(self.sequence.tokens)


@dataclass(slots=True)
class Batch:
    """One step: decode rows first, then pieces of prompts.

    `evicted` seats are emptied before it runs; each tells what it held.
    """

    rows: list[Row] = field(default_factory=list)
    evicted: list[Held] = field(default_factory=list)

    @property
    def token_count(self) -> int:
        return sum(row.size for row in self.rows)

    @property
    def decode_rows(self) -> int:
        return sum(1 for row in self.rows if row.sequence.is_decoding)

    @property
    def drafted_tokens(self) -> int:
        return sum(len(row.draft) for row in self.rows)
