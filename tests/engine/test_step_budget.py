import pytest

from appliance.engine.step_budget import StepBudget


def test_before_anything_is_known_the_step_is_small() -> None:
    assert StepBudget(0.2, 512).prefill_tokens(0) == 64


def test_a_fast_model_fills_the_batch_and_a_slow_one_reads_a_little_at_a_time() -> None:
    fast, slow = StepBudget(0.2, 512), StepBudget(0.2, 512)
    fast.observe(prefill_tokens=512, decode_rows=0, seconds=0.01)
    slow.observe(prefill_tokens=64, decode_rows=0, seconds=6.4)
    assert fast.prefill_tokens(0) == 512
    assert slow.prefill_tokens(0) == 16


def test_rows_that_decode_take_their_share_of_the_step_first() -> None:
    budget = StepBudget(0.2, 512)
    budget.observe(prefill_tokens=0, decode_rows=4, seconds=0.1)
    budget.observe(prefill_tokens=300, decode_rows=0, seconds=1.0)
    assert budget.prefill_tokens(0) == 60
    assert budget.prefill_tokens(4) == 30


@pytest.mark.parametrize("rows", [0, 8, 500, 600])
def test_the_batch_is_never_overfilled(rows: int) -> None:
    budget = StepBudget(10, 512)
    budget.observe(prefill_tokens=512, decode_rows=0, seconds=0.1)
    assert budget.prefill_tokens(rows) == max(0, 512 - rows)


def test_it_learns_when_the_machine_slows_down() -> None:
    budget = StepBudget(0.2, 512)
    budget.observe(prefill_tokens=200, decode_rows=0, seconds=0.2)
    before = budget.prefill_tokens(0)
    for _ in range(10):
        budget.observe(prefill_tokens=100, decode_rows=0, seconds=1.0)
    assert budget.prefill_tokens(0) < before / 4


def longest_step(budget: StepBudget, step_seconds: float, tokens_per_second: float) -> float:
    """Seconds, when a prompt is read beside one reply for twenty steps."""
    longest = 0.0
    for _ in range(20):
        tokens = budget.prefill_tokens(1)
        seconds = step_seconds + tokens / tokens_per_second
        budget.observe(tokens, 1, seconds)
        longest = max(longest, seconds)
    return longest


def test_one_slow_moment_does_not_make_the_next_steps_long() -> None:
    budget = StepBudget(0.2, 512)
    longest_step(budget, 0.02, 300)
    budget.observe(prefill_tokens=0, decode_rows=1, seconds=2)
    assert longest_step(budget, 0.02, 300) < 0.21
    for _ in range(20):
        budget.observe(prefill_tokens=0, decode_rows=1, seconds=0.02)
    assert longest_step(budget, 0.02, 300) < 0.21


def test_many_replies_that_end_at_once_do_not_make_the_next_steps_long() -> None:
    budget = StepBudget(0.2, 512)
    budget.observe(prefill_tokens=300, decode_rows=0, seconds=1)
    budget.observe(prefill_tokens=0, decode_rows=16, seconds=0.19)
    assert longest_step(budget, 0.02, 300) < 0.21
    for _ in range(20):
        budget.observe(prefill_tokens=0, decode_rows=1, seconds=0.02)
    assert longest_step(budget, 0.02, 300) < 0.21
