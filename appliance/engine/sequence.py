"""All the state of one generation."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from appliance.engine.draft_length import DraftLength
from appliance.engine.grammar.grammar import Grammar, compile_grammar
from appliance.engine.prompt_lookup import PromptLookup

if TYPE_CHECKING:
    from appliance.engine.slots import Slot


class SequenceStatus(StrEnum):
    """The same words as in the table and on the page."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"


class FinishReason(StrEnum):
    """Why a sequence produced its last token."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"
    ERROR = "error"


class Priority(StrEnum):
    """Whether a person waits for it. What runs in the background gives way to everybody."""

    NORMAL = "normal"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How the next token is drawn.

    `temperature` 0 is greedy; `max_tokens` bounds the reply alone.
    """

    temperature: float = 0.7
    top_k: int = 40
    top_p: float = 0.95
    min_p: float = 0.05
    repeat_penalty: float = 1.0
    seed: int = 0
    max_tokens: int = 2048
    stop: tuple[str, ...] = ()
    grammar: str = ""
    """GBNF with a rule `root` that the reply follows; none if empty."""

    def __post_init__(self) -> None:
        """Raises GrammarRefused."""
        if self.grammar:
            compile_grammar(self.grammar)


@dataclass(eq=False, slots=True)
class Sequence:
    """One generation, from its prompt to its last token.

    `tokens` is the prompt followed by what was generated. `computed` of them have their keys and
    values in the slot; the rest is pending. A sequence decodes when exactly its newest token is
    pending, and reads (prefills) when there is more.
    """

    sequence_id: str
    owner: str
    tokens: list[int]
    sampling: SamplingParams
    public_tokens: int = 0
    """How many leading tokens are the box's own words, which may be shared between people."""
    tag: str | None = None
    """What it belongs to, so that it can be forgotten with it; None: nothing is kept on disk."""
    priority: Priority = Priority.NORMAL
    is_aside: bool = False
    """A question about a conversation: it builds on that seat and leaves nothing behind."""
    may_save: bool = True
    """Whether what is computed for it may go to disk."""
    reuse_tokens: int | None = None
    """At most so many leading tokens may come from what is held already; None: all of them."""
    prompt_tokens: int = field(init=False)
    grammar: Grammar | None = field(init=False, default=None)
    """Made ready at birth, so that the compute thread need not."""
    status: SequenceStatus = SequenceStatus.WAITING
    slot: "Slot | None" = None
    computed: int = 0
    cached_tokens: int = 0
    restorable_tokens: int = 0
    """How many leading tokens a snapshot that was read from the disk has."""
    is_loading: bool = False
    """Its snapshot is being read from the disk."""
    drafted_tokens: int = 0
    accepted_tokens: int = 0
    lookup: PromptLookup = field(default_factory=PromptLookup)
    guessing: DraftLength = field(default_factory=DraftLength)
    finish_reason: FinishReason | None = None

    def __post_init__(self) -> None:
        assert self.tokens, "a prompt has at least one token"
        self.prompt_tokens = len(self.tokens)
        if self.sampling.grammar:
            self.grammar = compile_grammar(self.sampling.grammar)

    @property
    def completion_tokens(self) -> int:
        return len(self.tokens) - self.prompt_tokens

    @property
    def pending(self) -> int:
        """How many tokens still have to go through the model before the next one can be sampled."""
        return len(self.tokens) - self.computed

    @property
    def reusable_tokens(self) -> int:
        """How much of its beginning may come from what is held; one token is always left to
        compute, because sampling needs its logits.
        """
        most = len(self.tokens) - 1
        return most if self.reuse_tokens is None else min(most, self.reuse_tokens)

    @property
    def is_decoding(self) -> bool:
        return self.pending == 1 and self.completion_tokens > 0

    @property
    def is_over(self) -> bool:
        return self.finish_reason is not None
