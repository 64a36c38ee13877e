"""What people wait for, in simulated seconds: any machine, any crowd, the real scheduler."""

from dataclasses import replace
from math import ceil

from doses import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_box import TARGET_SECONDS, Machine, SimulatedBox, Step, Visit

from appliance.engine.prompt_lookup import LONGEST_DRAFT_TOKENS
from appliance.engine.sequence import Priority, SamplingParams, Sequence, SequenceStatus

LEAST_TOKENS = 16
"""So much is read in a step on any machine, however slow: else a prompt would never be read."""
FIRST_GUESS_TOKENS = 64
SETTLED_STEPS = 8
"""After so many steps that read, 94 % of what a machine has become is known."""
TOLERANCE = 1.1
NOT_WORTH_WAITING_TOKENS = 31
"""So much of a common beginning is rather read twice than waited for."""
BACKGROUND_TOKENS = 16
"""So much background work reads in one of four steps, beside a person's reply that grows."""

few = settings(max_examples=examples(10, 25), deadline=None)


def powers(least: float, most: float) -> st.SearchStrategy[float]:
    """Numbers of every order of magnitude between two."""
    exponents = st.floats(0, 1)
    return exponents.map(lambda exponent: least * (most / least) ** exponent)


MACHINES = st.builds(
    Machine,
    tokens_per_second=powers(20, 20_000),
    step_seconds=powers(0.002, 0.2),
    row_seconds=powers(0.0001, 0.02),
    noise=st.sampled_from([0, 0.1]),
    slow_from=st.floats(1000, 1070),
    slow_seconds=st.sampled_from([0.01, 5, float("inf")]),
    slow_factor=st.sampled_from([1, 4, 100]),
)
STEADY = st.builds(
    Machine,
    tokens_per_second=powers(50, 20_000),
    step_seconds=powers(0.002, 0.02),
    row_seconds=powers(0.0001, 0.005),
)
SLOW_TO_READ = st.builds(
    Machine, tokens_per_second=powers(50, 200), step_seconds=powers(0.002, 0.1)
)
OWNERS = st.sampled_from(["ann", "bob", "eve", "joe"])
TIMES = st.one_of(st.just(0.0), st.floats(0, 60))


def sequence(
    number: int,
    owner: str,
    prompt: int,
    reply: int,
    priority: Priority = Priority.NORMAL,
    shared: int = 0,
) -> Sequence:
    """A prompt that has nothing in common with another one but its first `shared` tokens."""
    tokens = [*range(shared), *range(1_000_000 * number, 1_000_000 * number + prompt - shared)]
    is_aside = priority is Priority.BACKGROUND and reply > 0
    sampling = SamplingParams(max_tokens=reply)
    name = f"{owner}-{number}"
    return Sequence(name, owner, tokens, sampling, shared, priority=priority, is_aside=is_aside)


@st.composite
def visits(draw: st.DrawFn, kinds: str = "tab tab tab paste copy ahead aside gone") -> list[Visit]:
    """People with several tabs, large pastes, replies that copy, and what is done for them."""
    crowd = []
    for number in range(1, draw(st.integers(2, 20)) + 1):
        kind = draw(st.sampled_from(kinds.split()))
        is_paste = kind == "paste"
        prompt = draw(st.integers(1000, 10_000) if is_paste else st.integers(1, 300))
        reply = 0 if kind == "ahead" else draw(st.integers(1, 60))
        priority = Priority.BACKGROUND if kind in ("ahead", "aside") else Priority.NORMAL
        seq = sequence(number, draw(OWNERS), prompt, reply, priority)
        visit = Visit(draw(TIMES), seq, copies=kind == "copy")
        if kind == "gone":
            visit.cancel_at = visit.at + draw(st.floats(0, 10))
        crowd.append(visit)
    return crowd


def longest_seconds(machine: Machine, step: Step, is_settled: bool) -> float:
    """What a step may take beside replies that grow: the target, or, on a machine too slow for
    that, the least that is ever read.

    Rows that have just begun to decode are not reckoned with yet.
    """
    rows = len(step.decoding)
    least = machine.seconds(LEAST_TOKENS if is_settled else FIRST_GUESS_TOKENS, rows)
    seconds = max(TARGET_SECONDS, least) + rows * machine.row_seconds
    return seconds * (1 + machine.noise) * TOLERANCE


@few
@given(MACHINES, visits(), st.sampled_from([2, 4, 16]))
def test_a_growing_reply_never_stands_still_for_longer_than_the_target_step(
    machine: Machine, crowd: list[Visit], slots: int
) -> None:
    box = SimulatedBox(machine, slots=slots).run(crowd)
    learned, was_slow = 0, False
    for step in box.steps:
        factor = machine.factor(step.began)
        if (factor > 1) is not was_slow:
            learned, was_slow = 0, factor > 1
        slower = replace(
            machine,
            tokens_per_second=machine.tokens_per_second / factor,
            step_seconds=machine.step_seconds * factor,
            row_seconds=machine.row_seconds * factor,
        )
        is_settled = learned >= SETTLED_STEPS
        allowed = longest_seconds(slower, step, is_settled) * (1 if is_settled else factor)
        assert not step.decoding or step.seconds <= allowed, (learned, step)
        learned += step.read_tokens >= LEAST_TOKENS / 2
    # Nobody is left out of a step, so the gap between two of anybody's tokens is one step.
    ends = {step.ended: step for step in box.steps}
    for visit in crowd:
        assert len(visit.seats_at) <= 1
        for before, after in zip(visit.tokens_at, visit.tokens_at[1:], strict=False):
            assert ends[after].began == before


@few
@given(SLOW_TO_READ, st.integers(1, 300), st.integers(1, 10), st.floats(0.5, 5))
def test_a_newcomer_waits_as_long_beside_ten_huge_pastes_as_beside_a_large_one(
    machine: Machine, prompt: int, tabs: int, at: float
) -> None:
    waits, hang_up = [], at + 10 + 4 * prompt / machine.tokens_per_second
    for paste, count in ((15_000, 1), (15_000, tabs), (30_000, tabs)):
        # Nothing of it is read to its end before the newcomer has a first word.
        pastes = [
            Visit(0, sequence(number, "ann", paste, 50), cancel_at=hang_up)
            for number in range(1, count + 1)
        ]
        newcomer = Visit(at, sequence(20, "bob", prompt, 1))
        box = SimulatedBox(machine).run([*pastes, newcomer])
        waits.append(newcomer.first_token_seconds)
        steps = [step for step in box.steps if newcomer.at < step.ended <= newcomer.tokens_at[0]]
        read = min(step.read_tokens for step in steps)
        assert len(steps) <= 1 + ceil(2 * prompt / read) + 1, "half of each step is the newcomer's"
    assert waits == waits[:1] * 3


@few
@given(STEADY, visits("tab tab paste copy"), st.floats(0, 30), st.sampled_from([1, 2, 4]))
def test_who_asks_one_thing_waits_for_nobody_who_came_later_and_for_one_reply_of_each_other(
    machine: Machine, crowd: list[Visit], at: float, slots: int
) -> None:
    tabs = [Visit(0, sequence(number, "tabs", 100, 60)) for number in range(101, 111)]
    others = [*crowd, *tabs]
    alone = Visit(at, sequence(200, "alone", 50, 5))
    SimulatedBox(machine, slots=slots).run([*others, alone])
    (seated,) = alone.seats_at
    before = [other for other in others if alone.at < other.seats_at[0] < seated]
    assert all(other.at <= alone.at for other in before)
    assert len(before) == len({other.sequence.owner for other in before})
    running = [other for other in others if other.seats_at[0] <= alone.at < other.ended_at]
    work = sum(alone_seconds(machine, other) for other in (*before, *running))
    assert seated - alone.at <= work


def alone_seconds(machine: Machine, visit: Visit) -> float:
    """What a whole visit costs on a box of its own, when every draft is wrong."""
    seq = visit.sequence
    reading = ceil(seq.prompt_tokens / LEAST_TOKENS) + 1
    steps = reading * machine.step_seconds + seq.prompt_tokens / machine.tokens_per_second
    written = seq.sampling.max_tokens
    return steps + written * machine.seconds(LONGEST_DRAFT_TOKENS * visit.copies, 1)


@few
@given(MACHINES, visits(), st.sampled_from([1, 2, 4, 16]))
def test_everybody_gets_a_whole_reply_and_no_prompt_is_read_twice(
    machine: Machine, crowd: list[Visit], slots: int
) -> None:
    SimulatedBox(machine, slots=slots).run(crowd)
    for visit in crowd:
        seq = visit.sequence
        if seq.status is SequenceStatus.FINISHED:
            assert seq.completion_tokens == seq.sampling.max_tokens
            assert visit.read_tokens == seq.prompt_tokens - seq.cached_tokens
        else:
            assert (seq.status, visit.cancel_at <= visit.ended_at) == ("cancelled", True)
            assert visit.read_tokens <= seq.prompt_tokens


@few
@given(STEADY, visits(), st.sampled_from([2, 4]))
def test_in_a_cache_that_is_too_small_everybody_gets_a_whole_reply_too(
    machine: Machine, crowd: list[Visit], slots: int
) -> None:
    """What is read again is what was given up, and the first who was seated gives up nothing."""
    longest = max(len(v.sequence.tokens) + v.sequence.sampling.max_tokens for v in crowd)
    SimulatedBox(machine, slots=slots, kv_tokens=longest + 30).run(crowd)
    for visit in crowd:
        seq, times = visit.sequence, len(visit.seats_at)
        if seq.status is SequenceStatus.FINISHED:
            assert seq.completion_tokens == seq.sampling.max_tokens
        assert visit.read_tokens <= times * seq.prompt_tokens + (times - 1) * seq.completion_tokens


@few
@given(
    STEADY,
    st.integers(32, 3000),
    st.lists(st.integers(1, 300), min_size=2, max_size=10),
    st.sampled_from([0, 0.1, 2]),
)
def test_a_beginning_that_many_share_is_read_once(
    machine: Machine, public: int, own_tokens: list[int], apart: float
) -> None:
    crowd = [
        Visit(number * apart, sequence(number, f"p{number}", public + own, 20, shared=public))
        for number, own in enumerate(own_tokens, start=1)
    ]
    SimulatedBox(machine, kv_tokens=100_000).run(crowd)
    read = sum(visit.read_tokens for visit in crowd)
    assert read <= public + sum(own_tokens) + NOT_WORTH_WAITING_TOKENS * len(crowd)


@few
@given(STEADY, visits("tab paste copy ahead ahead aside aside"))
def test_background_work_takes_what_people_leave_over_and_little_beside_a_growing_reply(
    machine: Machine, crowd: list[Visit]
) -> None:
    box = SimulatedBox(machine).run(crowd)
    beside: list[int] = []
    for step in box.steps:
        background = {visit: read for visit, read in step.read.items() if not visit.is_persons}
        if background:
            people = [visit for visit in crowd if visit.is_persons and visit.is_reading(step.ended)]
            assert not people, "somebody still reads, and might have had that"
        assert sum(not visit.is_persons for visit in (*step.decoding, *background)) <= 1
        is_beside = any(visit.is_persons for visit in step.decoding)
        beside.append(sum(background.values()) if is_beside else 0)
        assert sum(beside[-4:]) <= BACKGROUND_TOKENS
