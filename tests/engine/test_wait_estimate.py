from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.step_budget import StepBudget
from appliance.engine.wait_estimate import WaitEstimate


def sequence(prompt: int, computed: int = 0, written: int = 0, most: int = 1000) -> Sequence:
    seq = Sequence("s", "ann", [1] * prompt, SamplingParams(max_tokens=most))
    seq.tokens += [2] * written
    seq.computed = computed if not written else len(seq.tokens) - 1
    return seq


def budget() -> StepBudget:
    """Reads 100 tokens a second; a step in which nobody reads takes 0.1 s."""
    learned = StepBudget(0.2, 512)
    learned.observe(prefill_tokens=0, decode_rows=1, seconds=0.1)
    learned.observe(prefill_tokens=100, decode_rows=0, seconds=1.0)
    return learned


def test_nothing_is_said_before_anything_is_known() -> None:
    seq = sequence(100)
    assert WaitEstimate().seconds([seq], [], StepBudget(0.2, 512), 4) == {}


def test_who_reads_alone_waits_for_the_rest_of_the_prompt() -> None:
    seq = sequence(300, computed=100)
    assert WaitEstimate().seconds([seq], [], budget(), 4) == {seq: 2.0}


def test_reading_beside_replies_takes_longer() -> None:
    seq = sequence(200)
    assert WaitEstimate().seconds([seq, sequence(5, written=3)], [], budget(), 4)[seq] == 4.0


def test_two_who_read_share_the_time() -> None:
    short, long = sequence(100), sequence(300)
    waits = WaitEstimate().seconds([short, long], [], budget(), 4)
    assert waits == {short: 2.0, long: 4.0}


def test_the_next_in_line_gets_the_seat_that_is_free_first() -> None:
    nearly, begun = sequence(5, written=195), sequence(5, written=100)
    first, second, third = sequence(10), sequence(10), sequence(10)
    waits = WaitEstimate().seconds([nearly, begun], [first, second, third], budget(), 2)
    assert waits[first] < waits[second] < waits[third]
    assert waits[first] < 2.5, "16 tokens at least are assumed to be left"
    assert 10 <= waits[second] < 11
    assert waits[third] > 20


def test_with_a_free_seat_nobody_waits_for_another_ones_reply() -> None:
    seq = sequence(10)
    assert WaitEstimate().seconds([sequence(5, written=1)], [seq], budget(), 2)[seq] < 1


def test_it_learns_how_long_replies_get() -> None:
    estimate, waiting, running = WaitEstimate(), sequence(10), sequence(5, written=1)
    before = estimate.seconds([running], [waiting], budget(), 1)[waiting]
    for _ in range(20):
        estimate.ended(20)
    assert estimate.seconds([running], [waiting], budget(), 1)[waiting] < before / 4
