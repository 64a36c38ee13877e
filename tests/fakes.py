"""A backend whose tokens are known beforehand, for tests in which their order must be exact.

Its tokens are characters (the token id is the code point; 0 ends a reply). It keeps KV cells as
llama.cpp does and fails a test that uses them wrongly.
"""

import threading
from array import array
from collections.abc import Callable, Mapping

from appliance.engine.backend import BackendFailed, CacheFull, Vocabulary
from appliance.engine.batch import Batch, Row
from appliance.engine.draft_model import DraftModel
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot

END = 0


class Cell:
    """One place of the KV cache; several seats may hold the same one."""

    def __init__(self, token: int) -> None:
        self.token = token


def echo(sequence: Sequence) -> str:
    """The reply of a scripted model that repeats its prompt."""
    return "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))


class ScriptedBackend:
    """Answers each sequence with `reply(sequence)`, one character a step.

    With `can_drop` drafts are verified; otherwise each step brings exactly one token.
    With `gated`, each step waits for a `let(...)`. `fail_next` is raised by the next decode.
    """

    def __init__(
        self,
        reply: Callable[[Sequence], str] = echo,
        *,
        kv_tokens: int = 10_000,
        context_tokens: int = 4096,
        gated: bool = False,
        can_keep: bool = True,
        can_drop: bool = False,
    ) -> None:
        self.vocabulary = Vocabulary(
            context_tokens,
            chat_template="{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
        )
        self.fingerprint = "scripted"
        self.can_drop = can_drop
        self.draft_model: DraftModel | None = None
        self.threads: int | None = None
        self.restored: list[int] = []
        self.cells: dict[int, list[Cell]] = {}
        self.batches: list[list[tuple[str, int]]] = []
        self.open: set[Sequence] = set()
        self.fail_next: Exception | None = None
        self.is_closed = False
        self._reply = reply
        self._kv_tokens = kv_tokens
        self._can_keep = can_keep
        self._gate = threading.Semaphore(0) if gated else None

    def let(self, steps: int) -> None:
        """Let a gated backend run `steps` more steps."""
        assert self._gate is not None
        self._gate.release(steps)

    def tokenize(self, text: str) -> list[int]:
        return [ord(char) for char in text]

    def token_bytes(self, token: int) -> bytes:
        return chr(token).encode()

    def is_end(self, token: int) -> bool:
        return token == END

    def begin(self, sequence: Sequence) -> None:
        self.open.add(sequence)

    def end(self, sequence: Sequence) -> None:
        self.open.discard(sequence)

    def keep(self, slot: Slot, count: int) -> int:
        kept = count if self._can_keep else 0
        self.cells[slot.index] = self.cells.get(slot.index, [])[:kept]
        return kept

    def share(self, source: Slot, target: Slot, count: int) -> int:
        shared = self.cells.get(source.index, [])[:count] if self._can_keep else []
        self.cells[target.index] = list(shared)
        assert len(shared) in (0, count), "the source does not hold what it should give"
        return len(shared)

    def join(self, source: Slot, target: Slot, count: int) -> bool:
        shared = self.cells[source.index][:count]
        assert [c.token for c in shared] == [c.token for c in self.cells[target.index][:count]]
        self.cells[target.index][:count] = shared
        return True

    def state(self, slot: Slot) -> bytearray:
        held = self.cells.get(slot.index, [])
        return bytearray(array("i", [cell.token for cell in held]).tobytes())

    def restore(self, slot: Slot, state: bytes, count: int) -> int:
        tokens = array("i", state).tolist() if self._can_keep else []
        self.cells[slot.index] = [Cell(token) for token in tokens[:count]]
        self.restored.append(len(self.cells[slot.index]))
        return count if len(tokens) >= count else 0

    def set_threads(self, threads: int) -> None:
        self.threads = threads

    def held_tokens(self, slot: Slot) -> int:
        return len(self.cells.get(slot.index, []))

    def decode(self, batch: Batch) -> Mapping[Sequence, list[int]]:
        if self._gate is not None:
            assert self._gate.acquire(timeout=30), "a gated test let too few steps"
        if self.fail_next is not None:
            error, self.fail_next = self.fail_next, None
            raise error
        used = {id(cell) for cells in self.cells.values() for cell in cells}
        if len(used) + batch.token_count > self._kv_tokens:
            raise CacheFull("scripted cells are full")
        self.batches.append([(row.sequence.sequence_id, row.size) for row in batch.rows])
        sampled = {}
        for row in batch.rows:
            cells = self.cells.setdefault(row.slot.index, [])
            if len(cells) != row.start:
                raise BackendFailed(f"slot {row.slot.index}: {len(cells)} cells, not {row.start}")
            cells.extend(map(Cell, row.tokens))
            held = [cell.token for cell in cells]
            expected = [*row.sequence.tokens, *row.draft][: len(held)]
            assert held == expected, "the cells hold somebody else's text"
            if row.wants_logits:
                sampled[row.sequence] = self._verify(row)
                del cells[row.start + row.count + len(sampled[row.sequence]) - 1 :]
        return sampled

    def reset(self) -> None:
        self.cells.clear()

    def holds(self, words: str) -> bool:
        """Whether any seat has these words."""
        return any(
            words in "".join(chr(cell.token) for cell in cells) for cells in self.cells.values()
        )

    def close(self) -> None:
        self.is_closed = True

    def _verify(self, row: Row) -> list[int]:
        """What the script says next, as far as the draft says the same, and one more."""
        reply = [*map(ord, self._reply(row.sequence)), END]
        written = row.sequence.completion_tokens
        tokens = []
        for offset, guess in enumerate((*row.draft, None)):
            at = min(written + offset, len(reply) - 1)
            tokens.append(reply[at])
            if reply[at] != guess:
                break
        return tokens
