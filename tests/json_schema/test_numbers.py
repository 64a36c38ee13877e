"""Numbers between bounds: those and no others."""

from decimal import Decimal

from grammar_texts import fits
from hypothesis import given
from hypothesis import strategies as st

from appliance.json_schema.numbers import Bound, numbers_between

VALUES = st.decimals(-300, 300, places=2).map(lambda value: value.normalize())
BOUNDS = st.none() | st.builds(Bound, VALUES, st.booleans())


def is_inside(value: Decimal, low: Bound | None, high: Bound | None) -> bool:
    return (low is None or value > low.value or (value == low.value and not low.is_open)) and (
        high is None or value < high.value or (value == high.value and not high.is_open)
    )


def around(*bounds: Bound | None) -> st.SearchStrategy[Decimal]:
    near = [bound.value + Decimal(step) / 100 for bound in bounds if bound for step in range(-3, 4)]
    return st.sampled_from(near) | VALUES if near else VALUES


@given(BOUNDS, BOUNDS, st.booleans(), st.data())
def test_a_number_fits_exactly_when_it_is_inside(
    low: Bound | None, high: Bound | None, whole: bool, data: st.DataObject
) -> None:
    value = data.draw(around(low, high))
    if whole:
        value = value.to_integral_value()
    gbnf = numbers_between(low, high, whole=whole)
    written = format(abs(value) if value == 0 else value, "f")
    if whole:
        assert gbnf is None or not fits(f"root ::= {gbnf}", f"{written}.5")
    is_written = gbnf is not None and fits(f"root ::= {gbnf}", written)
    assert is_written == is_inside(value, low, high)


def test_a_bound_may_be_written_with_zeros_behind_it() -> None:
    gbnf = numbers_between(Bound(Decimal(0)), Bound(Decimal(1)), whole=False)
    for text in ("0", "0.0", "0.25", "1", "1.0", "1.00"):
        assert fits(f"root ::= {gbnf}", text)
    for text in ("-0", "-0.1", "1.01", "2", "01", "1.", ".5", "1e0"):
        assert not fits(f"root ::= {gbnf}", text)
