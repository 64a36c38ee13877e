import pytest
from benchmark.figures import Better, Run, Spread, better, compare, percentile, spread


def test_a_percentile_is_a_value_that_was_measured():
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert percentile(values, 50) == 3
    assert percentile(values, 95) == 5
    assert percentile(values, 20) == 1
    assert percentile([7.0], 95) == 7
    assert percentile(list(range(1, 101)), 95) == 95


def test_the_spread_of_nothing_is_nothing():
    assert spread([]) is None
    assert spread([3.0, 1.0, 2.0]) == Spread(1, 2, 3)
    assert spread([1.0, 2.0]) == Spread(1, 1.5, 2)


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("decode_tokens_per_second", Better.HIGH),
        ("ttft_p95_ms", Better.LOW),
        ("first_token_seconds", Better.LOW),
        ("idle_mb", Better.LOW),
        ("written_tokens", Better.NEITHER),
    ],
)
def test_a_figures_unit_says_which_way_is_better(name, way):
    assert better(name) is way


def test_the_ratio_is_that_of_the_medians_and_pairs_are_compared_within():
    ours = [Run({"ttft_ms": 10.0}), Run({"ttft_ms": 40.0}), Run({"ttft_ms": 20.0})]
    theirs = [Run({"ttft_ms": 20.0}), Run({"ttft_ms": 50.0}), Run({"ttft_ms": 80.0})]
    (line,) = compare(ours, theirs)
    assert line.ratio == pytest.approx(20 / 50)
    assert line.pair_ratios == pytest.approx((0.25, 0.8))


def test_a_pair_in_which_one_side_failed_gives_no_ratio():
    ours = [Run({"ttft_ms": 10.0}), Run(failure="it hung up")]
    theirs = [Run(failure="it hung up"), Run({"ttft_ms": 50.0})]
    (line,) = compare(ours, theirs)
    assert line.pair_ratios is None
    assert line.ratio == pytest.approx(0.2)


def test_a_side_without_any_figure_gives_no_ratio_and_hides_nothing_of_the_other():
    (line,) = compare([Run({"idle_mb": 10.0})], [Run(failure="it never started")])
    assert line.ours == Spread(10, 10, 10)
    assert (line.theirs, line.ratio, line.pair_ratios) == (None, None, None)


def test_nothing_is_divided_by_zero():
    (line,) = compare([Run({"idle_ms": 10.0})], [Run({"idle_ms": 0.0})])
    assert (line.ratio, line.pair_ratios) == (None, None)


def test_figures_keep_the_order_in_which_they_were_named():
    ours = [Run(failure="no"), Run({"b_ms": 1.0, "a_ms": 1.0})]
    assert [line.name for line in compare(ours, [])] == ["b_ms", "a_ms"]
