"""Whether the engine's books agree: sequences, seats, cells, and what the model itself says.

Pure: it reads and says what it found. Each sentence has the numbers that do not agree, and no word
of anybody's text. It holds between any two steps, and is cheap: a few numbers for each seat.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from appliance.engine.kv_cells import Run
from appliance.engine.scheduler import Scheduler
from appliance.engine.sequence import Sequence
from appliance.engine.slots import Slot, SlotPool


def violations(
    scheduler: Scheduler,
    known: Iterable[Sequence],
    held_tokens: Callable[[Slot], int],
) -> list[str]:
    """What does not add up; empty when all is well.

    `known` are the sequences that somebody still waits for, `held_tokens` what the model says of a
    seat.
    """
    return [
        *_of_cells(scheduler.slots, scheduler.room.kv_tokens),
        *_of_seats(scheduler),
        *_of_sequences(scheduler, known),
        *_of_model(scheduler.slots, held_tokens),
    ]


def _of_cells(slots: SlotPool, total: int) -> Iterator[str]:
    """Every cell is in one run, and every run in as many seats as it believes."""
    runs: dict[int, Run] = {id(run): run for slot in slots for run in slot.cells.runs}
    listed = Counter(id(run) for slot in slots for run in slot.cells.runs)
    for key, run in runs.items():
        if run.holders != listed[key]:
            yield (
                f"a run of {len(run.tokens)} tokens counts {run.holders} holders, and "
                f"{listed[key]} seats list it"
            )
    used, in_runs = slots.cells.used, sum(len(run.tokens) for run in runs.values())
    if used != in_runs:
        yield f"{used} cells count as used, and the runs hold {in_runs} tokens"
    if in_runs > total:
        yield f"{in_runs} cells are used of {total}, so {total - in_runs} would be free"


def _of_seats(scheduler: Scheduler) -> Iterator[str]:
    """A seat counts what its runs hold, and is taken only by who runs in it."""
    for slot in scheduler.slots:
        in_runs = sum(len(run.tokens) for run in slot.cells.runs)
        if slot.cells.count != in_runs:
            yield f"slot {slot.index} counts {slot.cells.count} tokens, and its runs hold {in_runs}"
        taker = slot.sequence
        if taker is not None and (taker not in scheduler.running or taker.slot is not slot):
            yield f"slot {slot.index} is taken by a sequence that does not run in it"


def _of_sequences(scheduler: Scheduler, known: Iterable[Sequence]) -> Iterator[str]:
    """Who runs has a seat that knows it and holds what it has computed; nobody is lost."""
    for sequence in scheduler.running:
        slot = sequence.slot
        if slot is None or slot.sequence is not sequence:
            yield f"sequence {sequence.sequence_id} runs without a slot of its own"
        elif sequence.computed != slot.cells.count:
            yield (
                f"a sequence has computed {sequence.computed} tokens, and its slot {slot.index} "
                f"holds {slot.cells.count}"
            )
    lost = set(known) - {*scheduler.running, *scheduler.waiting}
    if lost:
        yield f"{len(lost)} sequences neither wait nor run, and are not over"


def _of_model(slots: SlotPool, held_tokens: Callable[[Slot], int]) -> Iterator[str]:
    for slot in slots:
        held = held_tokens(slot)
        if slot.cells.count != held:
            yield f"slot {slot.index} counts {slot.cells.count} tokens, and the model holds {held}"
