"""Seats on disk and back: a scripted model, real files, the real compute thread."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine_listener import LIMITS, Listener, submit
from fakes import ScriptedBackend
from kept_states import kept_in

from appliance.engine.engine import Engine
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.engine.sequence import Priority, SamplingParams
from appliance.engine.slots import SlotPool
from appliance.engine.snapshot_keeper import IDLE_SECONDS, SnapshotKeeper

LONG = "a conversation about the garden and the fence and the neighbours' cat " * 4


class Box:
    """Started and stopped like a box, on the same folder."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.snapshots = KvSnapshots(folder, b"k" * 32, 10_000_000)
        self.snapshots.start()
        self.backend = ScriptedBackend(lambda sequence: "ok")
        self.engine = Engine(lambda: self.backend, EngineLimits(**LIMITS | limits), self.snapshots)
        self.listener = Listener()
        self.engine.start(self.listener.publish)
        self.engine.loaded.wait(30)
        self._names = iter(range(1000))

    def say(
        self,
        text: str,
        owner: str = "ann",
        tag: str | None = "garden",
        *,
        may_save: bool = True,
    ) -> tuple[int, int]:
        """(prompt tokens, cached tokens) of a turn."""
        name, prompt = f"{next(self._names)}", self.engine.tokenize(text)
        self.engine.submit(name, owner, prompt, SamplingParams(), tag=tag, may_save=may_save)
        counts = self.listener.wait_end(name).counts
        return counts.prompt_tokens, counts.cached_tokens

    def stop(self) -> None:
        self.engine.stop()
        self.snapshots.close(30)


OpenIt = Callable[..., Box]


@pytest.fixture
def open_box(tmp_path: Path) -> Iterator[OpenIt]:
    boxes: list[Box] = []

    def open_one(**limits: int) -> Box:
        boxes.append(Box(tmp_path / "kv", **limits))
        return boxes[-1]

    yield open_one
    for box in boxes:
        box.stop()


def test_a_conversation_comes_back_from_the_disk_after_a_restart(open_box: OpenIt) -> None:
    first = open_box()
    first.say(LONG)
    first.stop()
    again = open_box()
    _, cached = again.say(LONG + "ok And now?")
    assert cached >= len(LONG)
    assert again.backend.restored == [cached]
    assert sum(count for batch in again.backend.batches for _, count in batch) < 30


def test_who_is_put_off_the_cache_comes_back_from_the_disk(open_box: OpenIt) -> None:
    box = open_box(kv_tokens=400)
    box.say(LONG)
    box.say(LONG.upper(), tag="other")
    assert box.snapshots.wait_idle(30)
    assert box.say(LONG + "ok go on")[1] >= len(LONG)
    assert box.backend.restored


def test_another_persons_words_are_not_restored(open_box: OpenIt) -> None:
    first = open_box()
    first.say(LONG)
    first.stop()
    again = open_box()
    assert again.say(LONG + "ok", owner="eve")[1] == 0
    assert again.backend.restored == []


def test_what_has_no_tag_never_gets_to_the_disk(open_box: OpenIt, tmp_path: Path) -> None:
    first = open_box()
    first.say(LONG, tag=None)
    first.stop()
    assert list((tmp_path / "kv").glob("*")) == []


def test_what_may_not_be_saved_never_gets_to_the_disk(open_box: OpenIt, tmp_path: Path) -> None:
    first = open_box(kv_tokens=400)
    first.say(LONG, tag="secret", may_save=False)
    first.say(LONG.upper(), tag="other")  # puts it off the cache
    first.say(LONG.title(), tag="secret", may_save=False)  # holds a seat at the stop
    first.stop()
    assert {tag for _, tag, _ in kept_in(tmp_path / "kv", b"k" * 32)} == {"other"}


def test_what_may_not_be_saved_is_quick_while_it_lives_and_forgotten_by_its_tag(
    open_box: OpenIt,
) -> None:
    box = open_box()
    box.say(LONG, tag="secret", may_save=False)
    assert box.say(LONG + "ok And now?", tag="secret", may_save=False)[1] >= len(LONG)
    box.engine.forget("ann", "secret").result(30)
    assert box.say(LONG, tag="secret", may_save=False)[1] == 0


def test_a_seat_is_saved_again_when_what_may_be_saved_takes_it_over(
    open_box: OpenIt, tmp_path: Path
) -> None:
    box = open_box(slots=1, kv_tokens=400)
    box.say(LONG, tag="secret", may_save=False)
    _, cached = box.say(LONG + "ok And now?", tag="garden")
    assert cached >= len(LONG), "one's own words are built on, whatever they were said in"
    box.say(LONG + "ok Of the secret!", tag="secret", may_save=False)
    box.stop()
    kept = kept_in(tmp_path / "kv", b"k" * 32)
    assert {tag for _, tag, _ in kept} == {"garden"}
    assert all("Of the secret" not in "".join(map(chr, tokens)) for *_, tokens in kept)


def test_a_seat_that_may_not_be_saved_is_never_due(tmp_path: Path) -> None:
    snapshots = KvSnapshots(tmp_path / "kv", b"k" * 32, 10_000_000)
    snapshots.start()
    slots = SlotPool(2)
    keeper = SnapshotKeeper(snapshots, ScriptedBackend(), slots, lambda: None)
    slot = next(iter(slots))
    slot.owner, slot.tag, slot.may_save = "ann", "secret", False
    slot.cells.append(range(100))
    assert keeper.save_idle(0) is None
    keeper.save_all()
    snapshots.close(30)
    assert list((tmp_path / "kv").glob("*.kv")) == []


def test_forgetting_a_tag_takes_it_from_the_cache_and_the_disk(open_box: OpenIt) -> None:
    box = open_box(kv_tokens=400)
    box.say(LONG)
    box.say(LONG.upper(), tag="other")
    assert box.snapshots.wait_idle(30)
    assert box.snapshots.count == 1
    box.engine.forget("ann", "garden").result(30)
    assert box.snapshots.count == 0
    assert box.say(LONG)[1] == 0
    assert box.snapshots.wait_idle(30)
    assert box.say(LONG.upper() + "ok", tag="other")[1] >= len(LONG), "nothing else was forgotten"


def test_a_state_that_the_model_does_not_take_costs_a_prefill_and_nothing_else(
    open_box: OpenIt,
) -> None:
    first = open_box()
    first.say(LONG)
    first.stop()
    again = open_box()
    again.backend.restore = lambda slot, state, count: 0  # type: ignore[method-assign]
    assert again.say(LONG + "ok And now?")[1] == 0


def test_a_state_that_is_not_taken_by_the_only_seat_leaves_it_empty(open_box: OpenIt) -> None:
    first = open_box(slots=1, kv_tokens=400)
    first.say(LONG + "a long ending that the shorter one has not got, " * 2)
    first.stop()
    again = open_box(slots=1, kv_tokens=400)
    again.backend.restore = lambda slot, state, count: again.backend.keep(slot, 0)  # type: ignore
    again.say(LONG[:100])
    assert again.say(LONG + "a long ending")[1] <= 100
    assert again.engine.gauges.self_check_failures == 0


def test_only_a_seat_that_was_long_unused_is_written_while_nothing_runs(tmp_path: Path) -> None:
    snapshots = KvSnapshots(tmp_path / "kv", b"k" * 32, 10_000_000)
    snapshots.start()
    slots, backend = SlotPool(2), ScriptedBackend()
    keeper = SnapshotKeeper(snapshots, backend, slots, lambda: None)
    assert keeper.save_idle(0) is None, "nothing is there to be written"
    slot = next(iter(slots))
    slot.owner, slot.tag, slot.last_used = "ann", "garden", 1
    slot.cells.append(range(100))
    assert keeper.save_idle(100) == IDLE_SECONDS
    assert keeper.save_idle(100 + IDLE_SECONDS / 2) == IDLE_SECONDS / 2
    assert keeper.save_idle(100 + IDLE_SECONDS) == 0
    assert snapshots.wait_idle(30)
    assert keeper.save_idle(101 + IDLE_SECONDS) is None, "it is written once"
    snapshots.close(30)


def test_a_seat_that_was_used_again_waits_anew(tmp_path: Path) -> None:
    slots = SlotPool(2)
    snapshots = KvSnapshots(tmp_path / "kv", b"k" * 32, 10_000_000)
    keeper = SnapshotKeeper(snapshots, ScriptedBackend(), slots, lambda: None)
    slot = next(iter(slots))
    slot.owner, slot.tag, slot.last_used = "ann", "garden", 1
    slot.cells.append(range(100))
    keeper.save_idle(100)
    slot.last_used = 2
    assert keeper.save_idle(130) == IDLE_SECONDS


def test_a_queue_of_many_reads_two_snapshots_at_a_time(open_box: OpenIt) -> None:
    first = open_box()
    for number in range(6):
        first.say(f"{number}{LONG}", tag=f"c{number}")
    first.stop()
    again = open_box(slots=1)
    for number in range(6):
        prompt = again.engine.tokenize(f"{number}{LONG}ok more")
        again.engine.submit(f"q{number}", "ann", prompt, SamplingParams(), tag=f"c{number}")
    for number in range(6):
        assert again.listener.wait_end(f"q{number}").counts.cached_tokens >= len(LONG)


def test_when_those_whose_snapshots_are_read_give_up_the_others_get_theirs(
    open_box: OpenIt,
) -> None:
    first = open_box()
    for number in range(4):
        first.say(f"{number}{LONG}", tag=f"c{number}")
    first.stop()
    again = open_box()
    for number in range(4):
        submit(again.engine, f"q{number}", f"{number}{LONG}ok more")
    for number in range(3):
        again.engine.cancel(f"q{number}")
    assert again.listener.wait_end("q3").counts.cached_tokens >= len(LONG)


def test_a_cancelled_sequence_that_waits_for_the_disk_is_gone(open_box: OpenIt) -> None:
    first = open_box()
    first.say(LONG)
    first.stop()
    again = open_box()
    submit(again.engine, "gone", LONG + "ok And now?")
    again.engine.cancel("gone")
    again.listener.wait_end("gone")
    assert again.say(LONG + "ok And now?")[1] >= len(LONG)


def test_what_an_aside_leaves_is_not_written_beside_its_conversation(open_box: OpenIt) -> None:
    box = open_box()
    box.say(LONG)
    asked = box.engine.tokenize(LONG + "ok" + "Give our conversation a short title, please. " * 4)
    box.engine.submit(
        "title", "ann", asked, SamplingParams(), tag="garden", priority=Priority.BACKGROUND
    )
    assert box.listener.wait_end("title").counts.cached_tokens >= len(LONG)
    box.stop()
    again = open_box()
    assert again.snapshots.count == 1
    assert again.say(LONG + "ok And now?")[1] >= len(LONG)
