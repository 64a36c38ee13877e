"""The scheduler against a model of KV cells; no model, clock or thread."""

import pytest
from doses import examples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.engine.batch import Batch
from appliance.engine.scheduler import Admission, Scheduler, SchedulerLimits
from appliance.engine.self_check import violations
from appliance.engine.sequence import (
    FinishReason,
    Priority,
    SamplingParams,
    Sequence,
    SequenceStatus,
)
from appliance.errors import QueueFull

END = 0


def scheduler(
    slots: int = 2,
    kv_tokens: int = 1000,
    context_tokens: int = 500,
    waiting_limit: int = 100,
    seats: int | None = None,
    may_draft: bool = False,
) -> Scheduler:
    return Scheduler(
        SchedulerLimits(
            seats=seats or slots,
            running=slots,
            kv_tokens=kv_tokens,
            context_tokens=context_tokens,
            waiting=waiting_limit,
            may_draft=may_draft,
        )
    )


def sequence(name: str, length: int = 10, owner: str = "ann", max_tokens: int = 5) -> Sequence:
    return Sequence(name, owner, [1] * length, SamplingParams(max_tokens=max_tokens))


def step(sched: Scheduler, prefill_tokens: int = 100, token: int = 7) -> Batch:
    """Admit, batch and apply, with the same sampled token for everybody."""
    for admission in sched.admit():
        sched.seat(admission, admission.seat.count)
    batch = sched.next_batch(prefill_tokens)
    sampled = {row.sequence: [token] for row in batch.rows if row.wants_logits}
    sched.apply(batch, sampled, lambda sampled_token: sampled_token == END)
    return batch


def test_a_prompt_is_read_and_then_decoded_until_its_limit() -> None:
    sched, seq = scheduler(), sequence("a", length=30, max_tokens=3)
    sched.add(seq)
    counts = [[row.count for row in step(sched, prefill_tokens=20).rows] for _ in range(4)]
    assert counts == [[20], [10], [1], [1]]
    assert seq.finish_reason is FinishReason.LENGTH
    assert seq.completion_tokens == 3
    assert not sched.has_work


def test_an_end_token_finishes_and_is_not_part_of_the_reply() -> None:
    sched, seq = scheduler(), sequence("a")
    sched.add(seq)
    step(sched)
    step(sched, token=END)
    assert seq.finish_reason is FinishReason.STOP
    assert seq.completion_tokens == 1


def test_whoever_decodes_is_in_every_batch_beside_a_long_prompt() -> None:
    sched = scheduler()
    reader = sequence("reader", max_tokens=50)
    sched.add(reader)
    step(sched)
    sched.add(sequence("newcomer", length=300, owner="bob"))
    for _ in range(5):
        rows = {row.sequence.sequence_id: row.count for row in step(sched, prefill_tokens=40).rows}
        assert rows == {"reader": 1, "newcomer": 40}


def test_prompts_of_two_people_share_a_step_whoever_came_first() -> None:
    sched = scheduler(slots=4)
    for name in ("a1", "a2", "a3"):
        sched.add(sequence(name, length=200, owner="ann"))
    sched.add(sequence("b", length=200, owner="bob"))
    batch = step(sched, prefill_tokens=128)
    read = {row.sequence.sequence_id: row.count for row in batch.rows}
    assert read == {"a1": 64, "b": 64}


def test_a_person_with_ten_tabs_does_not_keep_another_waiting() -> None:
    sched = scheduler(slots=2)
    for number in range(10):
        sched.add(sequence(f"ann-{number}", owner="ann"))
    sched.add(sequence("bob", owner="bob"))
    step(sched)
    assert {seq.sequence_id for seq in sched.running} == {"ann-0", "bob"}


def test_one_who_came_with_ten_tabs_has_one_turn_and_then_it_is_anothers() -> None:
    sched = scheduler(slots=1)
    for number in range(10):
        sched.add(sequence(f"ann-{number}", owner="ann", max_tokens=1))
    step(sched)
    sched.add(sequence("bob", owner="bob", max_tokens=1))
    order = []
    for _ in range(3):
        order.append(sched.queue()[0].sequence_id)
        step(sched)
    assert order == ["bob", "ann-1", "ann-2"]


def test_the_queue_is_bounded_and_says_so() -> None:
    sched = scheduler(waiting_limit=2)
    sched.add(sequence("a"))
    sched.add(sequence("b"))
    with pytest.raises(QueueFull, match=r"2 questions are waiting already\. Try again"):
        sched.add(sequence("c"))


def test_a_cancelled_sequence_frees_its_slot_which_still_knows_its_words() -> None:
    sched, seq = scheduler(slots=1), sequence("a", length=50)
    sched.add(seq)
    step(sched)
    assert sched.cancel("a") is seq
    assert seq.status is SequenceStatus.CANCELLED
    (slot,) = sched.slots
    assert slot.is_free
    assert len(slot.tokens) == 50
    assert sched.cancel("a") is None


def test_the_next_turn_of_a_conversation_reads_only_what_is_new() -> None:
    sched, first = scheduler(), sequence("first", length=100, max_tokens=3)
    sched.add(first)
    for _ in range(3):
        step(sched)
    second = Sequence("second", "ann", [*first.tokens, 7, 8, 9], SamplingParams(max_tokens=1))
    sched.add(second)
    batch = step(sched)
    assert second.cached_tokens == 102  # all but the newest token of the first turn
    assert batch.token_count == len(second.tokens) - 1 - 102


def test_a_model_that_cannot_keep_part_of_a_slot_reads_everything_again() -> None:
    sched, first = scheduler(), sequence("first", length=100, max_tokens=1)
    sched.add(first)
    step(sched)
    sched.add(sequence("second", length=150))
    for admission in sched.admit():
        assert admission.seat.count == 100
        sched.seat(admission, 0)
    assert sched.next_batch(500).token_count == 150


def test_who_was_promised_a_beginning_that_the_model_does_not_share_holds_nobody_up() -> None:
    sched = scheduler(kv_tokens=200, context_tokens=200)
    first = Sequence("first", "ann", [1] * 100 + [2] * 40, SamplingParams(max_tokens=5), 50)
    second = Sequence("second", "bob", [1] * 50 + [3] * 50, SamplingParams(max_tokens=5), 50)
    sched.add(first)
    step(sched, prefill_tokens=60)
    sched.add(second)
    (admission,) = sched.admit()
    assert admission.seat.count == 50
    sched.seat(admission, 0)
    for _ in range(100):
        step(sched, prefill_tokens=64)
    assert first.is_over and second.is_over


def test_a_snapshot_without_room_for_all_of_it_gives_way_to_what_a_seat_holds() -> None:
    """It would need cells of its own before they can be joined, and who runs has them."""
    sched = scheduler(kv_tokens=300, context_tokens=300)
    first = Sequence("first", "ann", [1] * 150 + [2] * 10, SamplingParams(max_tokens=50))
    sched.add(first)
    step(sched, prefill_tokens=200)
    back = Sequence("back", "ann", [1] * 150 + [3] * 90, SamplingParams(max_tokens=1))
    back.restorable_tokens = 239
    sched.add(back)
    (admission,) = sched.admit()
    assert (admission.seat.restored, admission.seat.count) == (0, 150)
    sched.seat(admission, 150)
    assert first.status is back.status is SequenceStatus.RUNNING
    while sched.has_work:
        step(sched)
    assert first.completion_tokens == 50


def test_a_full_cache_gives_up_idle_slots_before_it_sends_anybody_back() -> None:
    sched = scheduler(slots=2, kv_tokens=120)
    sched.add(sequence("old", length=60, max_tokens=1))
    step(sched)
    sched.add(sequence("new", length=90, owner="bob", max_tokens=2))
    batch = step(sched)
    assert [(held.owner, len(held.tokens)) for held in batch.evicted] == [("ann", 60)]
    assert sched.slots.cells.used == 90


def test_a_full_cache_sends_the_newest_back_to_the_queue_and_nobody_is_lost() -> None:
    sched = scheduler(slots=2, kv_tokens=100, context_tokens=100)
    old = sequence("old", length=40, max_tokens=30)
    new = sequence("new", length=40, owner="bob", max_tokens=30)
    sched.add(old)
    sched.add(new)
    steps = 0
    while sched.has_work and steps < 200:
        step(sched)
        steps += 1
    assert old.completion_tokens == new.completion_tokens == 30
    assert old.finish_reason is new.finish_reason is FinishReason.LENGTH


def test_a_beginning_that_several_share_is_read_once() -> None:
    sched = scheduler(slots=4)
    for number in range(4):
        tokens = [1] * 200 + [10 + number]
        sched.add(Sequence(f"s{number}", f"p{number}", tokens, SamplingParams(max_tokens=3), 200))
    read = 0
    while sched.has_work:
        batch = step(sched)
        read += sum(row.count for row in batch.rows if row.sequence.completion_tokens <= 1)
    assert read < 200 + 4 * 5


def test_what_several_share_counts_once_in_the_cache() -> None:
    sched = scheduler(slots=4, kv_tokens=300)
    for number in range(4):
        tokens = [1] * 200 + [10 + number]
        sched.add(Sequence(f"s{number}", "ann", tokens, SamplingParams(max_tokens=20), 0))
    for _ in range(6):
        step(sched, prefill_tokens=300)
    assert len(sched.running) == 4
    assert sched.slots.cells.used < 240


def test_a_reply_ends_when_the_context_is_full() -> None:
    sched, seq = scheduler(context_tokens=50), sequence("a", length=45, max_tokens=1000)
    sched.add(seq)
    while sched.has_work:
        step(sched)
    assert len(seq.tokens) == 50
    assert seq.finish_reason is FinishReason.LENGTH


def aside(name: str, tokens: list[int], max_tokens: int = 3) -> Sequence:
    sampling = SamplingParams(max_tokens=max_tokens)
    return Sequence(
        name, "ann", tokens, sampling, priority=Priority.BACKGROUND, is_aside=max_tokens > 0
    )


def test_reading_ahead_ends_when_the_prompt_is_read_and_serves_the_next_turn() -> None:
    sched, ahead = scheduler(), aside("ahead", [1] * 80, max_tokens=0)
    sched.add(ahead)
    step(sched)
    assert ahead.finish_reason is FinishReason.LENGTH
    assert ahead.completion_tokens == 0
    turn = Sequence("turn", "ann", [1] * 80 + [2] * 5, SamplingParams(max_tokens=1))
    sched.add(turn)
    step(sched)
    assert turn.cached_tokens == 80


def test_an_aside_costs_its_own_tokens_and_leaves_the_conversation_its_seat() -> None:
    sched, turn = scheduler(slots=1, seats=3), sequence("turn", length=100, max_tokens=5)
    sched.add(turn)
    while sched.has_work:
        step(sched)
    seat = next(slot for slot in sched.slots if slot.tokens)
    held = seat.tokens
    title = aside("title", [*held, 5, 6, 7])
    sched.add(title)
    read = sum(row.count for row in step(sched).rows)
    while sched.has_work:
        step(sched)
    assert (title.cached_tokens, read) == (len(held), 3)
    assert seat.tokens == held
    assert sched.slots.idle()[0] is not seat, "what an aside left is the first to go"


def test_background_work_reads_only_what_people_leave_over() -> None:
    sched = scheduler(slots=4, seats=8)
    sched.add(aside("ahead", [3] * 200, max_tokens=0))
    step(sched, prefill_tokens=20)
    sched.add(sequence("person", length=100))
    counts = [{r.sequence.sequence_id: r.count for r in step(sched, 40).rows} for _ in range(3)]
    assert counts == [{"person": 40}, {"person": 40}, {"person": 20, "ahead": 20}]


def test_beside_a_growing_reply_background_work_reads_little_and_seldom() -> None:
    sched = scheduler(slots=4, seats=8)
    sched.add(sequence("person", length=5, max_tokens=100))
    step(sched)
    sched.add(aside("ahead", [3] * 100, max_tokens=0))
    read = [sum(row.count for row in step(sched).rows) - 1 for _ in range(8)]
    assert sorted(read) == [0] * 6 + [16] * 2


def test_what_a_person_waits_for_is_background_work_no_more() -> None:
    sched = scheduler(slots=4, seats=8)
    ahead = aside("ahead", [3] * 200, max_tokens=0)
    sched.add(ahead)
    step(sched, prefill_tokens=50)
    sched.add(Sequence("turn", "ann", [3] * 200 + [4], SamplingParams(max_tokens=1)))
    step(sched, prefill_tokens=50)
    assert ahead.priority is Priority.NORMAL
    while sched.has_work:
        batch = step(sched)
    assert [(row.sequence.sequence_id, row.count) for row in batch.rows] == [("turn", 1)]


def test_background_work_makes_way_for_a_person_when_the_cache_is_full() -> None:
    sched = scheduler(slots=2, seats=4, kv_tokens=150, context_tokens=150)
    ahead = aside("ahead", [3] * 100, max_tokens=0)
    sched.add(ahead)
    step(sched, prefill_tokens=60)
    person = sequence("person", length=120, owner="bob", max_tokens=2)
    sched.add(person)
    step(sched, prefill_tokens=100)
    assert person.status is SequenceStatus.RUNNING
    assert ahead.status is SequenceStatus.WAITING
    while sched.has_work:
        step(sched)
    assert ahead.is_over


def test_what_runs_in_the_background_for_somebody_does_not_cost_a_turn() -> None:
    sched = scheduler(slots=1, seats=4)
    sched.add(aside("ahead", [3] * 200, max_tokens=0))
    step(sched, prefill_tokens=50)
    sched.add(sequence("ann", owner="ann"))
    sched.add(sequence("bob", owner="bob"))
    assert [seq.sequence_id for seq in sched.queue()] == ["ann", "bob"]


def test_there_are_more_seats_than_replies_at_a_time() -> None:
    sched = scheduler(slots=2, seats=4)
    for number in range(4):
        sched.add(Sequence(f"s{number}", f"p{number}", [number] * 30, SamplingParams(max_tokens=2)))
    step(sched)
    assert len(sched.running) == 2
    while sched.has_work:
        step(sched)
    for number in range(4):
        again = Sequence(f"t{number}", f"p{number}", [number] * 30, SamplingParams(max_tokens=1))
        sched.add(again)
        step(sched)
        assert again.cached_tokens == 29


def test_who_waits_for_the_disk_holds_nobody_up() -> None:
    sched = scheduler(slots=1)
    loading, other = sequence("loading"), sequence("other", owner="bob", max_tokens=1)
    loading.is_loading = True
    sched.add(loading)
    assert not sched.has_work
    sched.add(other)
    step(sched)
    assert other.is_over
    assert not sched.has_work


def test_a_snapshot_that_holds_more_than_any_seat_is_taken_and_shares_what_a_seat_holds() -> None:
    sched = scheduler(slots=2, seats=4, kv_tokens=400)
    first = sequence("first", length=100, max_tokens=1)
    sched.add(first)
    step(sched)
    back = Sequence("back", "ann", [1] * 100 + [2] * 150, SamplingParams(max_tokens=1))
    back.restorable_tokens = 200
    sched.add(back)
    (admission,) = sched.admit()
    assert (admission.seat.restored, admission.seat.count) == (200, 100)
    sched.restore(admission, admission.seat.count)
    assert back.cached_tokens == back.computed == 200
    assert sched.slots.cells.used == 200, "the common beginning is held once"


def test_a_quoted_passage_is_written_in_fewer_steps_and_a_wrong_guess_changes_nothing() -> None:
    passage = [10 + at % 50 for at in range(50)]
    for agrees in (True, False):
        sched = scheduler(may_draft=True, context_tokens=300)
        seq = Sequence("s", "ann", [*passage, 5, *passage[:9]], SamplingParams(max_tokens=30))
        sched.add(seq)
        steps = 0
        while sched.has_work:
            for admission in sched.admit():
                sched.seat(admission, 0)
            batch = sched.next_batch(200)
            following = [*passage[9:], *[3] * 40][seq.completion_tokens :]
            (row,) = batch.rows
            right = 0
            while agrees and right < len(row.draft) and row.draft[right] == following[right]:
                right += 1
            tokens = following[: right + 1] if agrees else [3]
            sched.apply(batch, {seq: tokens}, lambda token: token == END)
            steps += 1
        assert seq.completion_tokens == 30
        assert (steps < 15) if agrees else (steps == 30)
        assert seq.accepted_tokens <= seq.drafted_tokens
        assert (seq.accepted_tokens > 15) is agrees


def test_a_guess_teaches_the_draft_model_and_not_the_lookup() -> None:
    sched = scheduler(may_draft=True)
    seq = Sequence("s", "ann", [10, 11, 12], SamplingParams(max_tokens=30))
    sched.add(seq)
    for admission in sched.admit():
        sched.seat(admission, 0)
    sched.apply(sched.next_batch(200), {seq: [13]}, lambda token: token == END)
    assert sched.guessable(200) == {seq: 24}
    first = seq.guessing.next()
    batch = sched.next_batch(200, {seq: [14, 15, 99, 99]})
    assert batch.rows[0].draft == (14, 15, 99, 99)
    needed = seq.lookup._needed
    sched.apply(batch, {seq: [14]}, lambda token: token == END)
    assert (seq.drafted_tokens, seq.accepted_tokens) == (4, 0)
    assert seq.guessing.next() < first
    assert seq.lookup._needed == needed


def test_a_guess_is_cut_to_what_fits() -> None:
    sched = scheduler(may_draft=True)
    seq = Sequence("s", "ann", [10, 11, 12], SamplingParams(max_tokens=4))
    sched.add(seq)
    for admission in sched.admit():
        sched.seat(admission, 0)
    sched.apply(sched.next_batch(200), {seq: [13]}, lambda token: token == END)
    assert sched.guessable(200) == {seq: 2}
    assert sched.next_batch(200, {seq: [14] * 9}).rows[0].draft == (14, 14)


@pytest.mark.parametrize("prefill_tokens", [16, 40])
def test_drafts_and_prompts_together_fill_a_step_and_no_more(prefill_tokens: int) -> None:
    sched = scheduler(may_draft=True)
    passage = list(range(10, 60))
    writer = Sequence("writer", "ann", [*passage, 5, *passage[:30]], SamplingParams(max_tokens=50))
    sched.add(writer)
    step(sched, token=passage[30])
    sched.add(sequence("reader", length=300, owner="bob"))
    batch = step(sched, prefill_tokens)
    assert batch.token_count == 1 + prefill_tokens
    assert 0 < batch.drafted_tokens <= prefill_tokens / 2, "half of it is for who reads"


class SchedulerMachine(RuleBasedStateMachine):
    """Anything may come, go or be cancelled at any time."""

    KV_TOKENS, SLOTS = 120, 3

    def __init__(self) -> None:
        super().__init__()
        self.sched = scheduler(self.SLOTS, self.KV_TOKENS, 100, seats=5, may_draft=True)
        self.all: list[Sequence] = []

    @rule(
        owner=st.sampled_from(["ann", "bob", "eve"]),
        shared=st.sampled_from([0, 20, 50]),
        prompt=st.lists(st.integers(1, 3), min_size=1, max_size=40),
        public=st.integers(0, 40),
        max_tokens=st.integers(0, 30),
        in_background=st.booleans(),
        restorable=st.sampled_from([0, 0, 80]),
        is_loading=st.booleans(),
    )
    def submit(
        self,
        owner: str,
        shared: int,
        prompt: list[int],
        public: int,
        max_tokens: int,
        in_background: bool,
        restorable: int,
        is_loading: bool,
    ) -> None:
        seq = Sequence(
            f"s{len(self.all)}",
            owner,
            [1] * shared + prompt,
            SamplingParams(max_tokens=max_tokens),
            min(public, shared),
            tag=owner,
            priority=Priority.BACKGROUND if in_background else Priority.NORMAL,
            is_aside=in_background and max_tokens > 0,
        )
        seq.restorable_tokens = min(restorable, len(seq.tokens) - 1)
        seq.is_loading = is_loading
        self.all.append(seq)
        self.sched.add(seq)

    @rule()
    def the_disk_has_answered(self) -> None:
        for seq in self.all:
            seq.is_loading = False

    @precondition(lambda self: self.all)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.sched.cancel(data.draw(st.sampled_from(self.all)).sequence_id)

    @rule(owner=st.sampled_from(["ann", "bob"]), tag=st.sampled_from([None, "ann"]))
    def forget(self, owner: str, tag: str | None) -> None:
        self.sched.forget(owner, tag)
        left = [slot for slot in self.sched.slots.idle() if slot.owner == owner]
        assert all(tag is not None and slot.tag != tag for slot in left)

    @rule(
        prefill_tokens=st.integers(1, 100),
        token=st.integers(0, 3),
        keeps=st.booleans(),
        agrees=st.integers(0, 24),
        guessed=st.integers(0, 8),
    )
    def step(self, prefill_tokens: int, token: int, keeps: bool, agrees: int, guessed: int) -> None:
        for admission in self.sched.admit():
            self.take_seat(admission, keeps)
        decoding = [seq for seq in self.sched.running if seq.is_decoding]
        guessable = self.sched.guessable(prefill_tokens)
        assert guessable.keys() <= set(decoding)
        assert all(seq.priority is Priority.NORMAL for seq in guessable)
        guesses = {seq: [2] * min(guessed, limit) for seq, limit in guessable.items()}
        batch = self.sched.next_batch(prefill_tokens, guesses)
        for row in batch.rows:
            assert row.is_guessed == bool(guesses.get(row.sequence))
        in_batch = {row.sequence for row in batch.rows}
        for seq in decoding:
            assert seq in in_batch or seq.status is SequenceStatus.WAITING
        assert self.sched.slots.cells.used + batch.token_count <= self.KV_TOKENS
        assert batch.token_count <= batch.decode_rows + prefill_tokens
        if self.sched.running:
            assert batch.rows, "somebody runs, but nothing would be computed"
        assert all(held.tokens for held in batch.evicted)
        sampled = {
            row.sequence: [*row.draft[:agrees], token] for row in batch.rows if row.wants_logits
        }
        self.sched.apply(batch, sampled, lambda sampled_token: sampled_token == END)

    def take_seat(self, admission: Admission, keeps: bool) -> None:
        seat, seq = admission.seat, admission.sequence
        people = [s for s in self.sched.running if s.priority is Priority.NORMAL]
        assert len(people) <= self.SLOTS
        assert not seq.is_loading
        assert not (seq.is_aside and seat.slot is seat.source and seat.count)
        count = min(seat.count, seat.source.cells.count)
        assert seat.source.tokens[:count] == seq.tokens[:count]
        if seat.source.owner != seq.owner:
            assert count <= min(seat.source.public_tokens or count, seq.public_tokens)
        if seat.restored and keeps:
            assert self.sched.room.free >= seat.restored
            self.sched.restore(admission, 0 if seat.source is seat.slot else count)
        else:
            self.sched.seat(admission, count if keeps else 0)

    @invariant()
    def seats_and_sequences_agree(self) -> None:
        known = [seq for seq in self.all if not seq.is_over]
        assert violations(self.sched, known, lambda slot: slot.cells.count) == []
        seated = [slot.sequence for slot in self.sched.slots if slot.sequence is not None]
        assert sorted(map(id, seated)) == sorted(map(id, self.sched.running))
        for slot in self.sched.slots:
            if slot.sequence is not None:
                assert slot.sequence.slot is slot
                assert slot.owner == slot.sequence.owner
                assert slot.tokens == slot.sequence.tokens[: slot.sequence.computed]
            if slot.tokens:
                assert slot.owner is not None
            assert slot.cells.count == len(slot.tokens)

    def teardown(self) -> None:
        self.the_disk_has_answered()
        for _ in range(3000):
            if not self.sched.has_work:
                break
            self.step(50, 1, True, 0, 0)
        assert not self.sched.has_work, "somebody waits for ever"
        assert all(seq.is_over for seq in self.all)
        assert all(slot.is_free for slot in self.sched.slots)


TestSchedulerMachine = SchedulerMachine.TestCase
TestSchedulerMachine.settings = settings(
    max_examples=examples(30, 60), stateful_step_count=40, deadline=None
)
