"""Numbers between two bounds, as a grammar over their digits.

One digit after the other is compared with both bounds at once: as long as the digits so far are
those of a bound, the next digit is limited by it; after the first one that differs, any will do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

MAX_DIGITS = 15
"""So many survive in every reader's floating point."""

_LARGEST = Decimal(10**MAX_DIGITS - 1)


@dataclass(frozen=True, slots=True)
class Bound:
    """`is_open`: the value itself is outside."""

    value: Decimal
    is_open: bool = False

    def negated(self) -> "Bound":
        return Bound(-self.value, self.is_open)


def numbers_between(low: Bound | None, high: Bound | None, *, whole: bool) -> str | None:
    """GBNF for the numbers, or None when none can be written in `MAX_DIGITS` digits."""
    low, high = low or Bound(-_LARGEST), high or Bound(_LARGEST)
    options = []
    if high.value >= 0:
        options += _magnitudes(low if low.value >= 0 else Bound(Decimal(0)), high, whole)
    if low.value < 0:
        least = high.negated() if high.value < 0 else Bound(Decimal(0), is_open=True)
        options += [f'"-" {option}' for option in _magnitudes(least, low.negated(), whole)]
    return " | ".join(options) or None


def decimal_places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int), "a bound is a finite number"
    return max(0, -exponent)


def _magnitudes(low: Bound, high: Bound, whole: bool) -> list[str]:
    """Numbers without a sign; one option for each count of digits before the point."""
    if whole:
        low, high = _rounded(low, ROUND_CEILING, 1), _rounded(high, ROUND_FLOOR, -1)
    places = max(decimal_places(low.value), decimal_places(high.value))
    options = []
    for digits in range(1, MAX_DIGITS + 1 - places):
        first, behind = Decimal(10 ** (digits - 1) if digits > 1 else 0), Decimal(10**digits)
        if low.value < behind and first <= high.value:
            within = low if low.value >= first else Bound(first)
            upto = high if high.value < behind else None
            option = _Digits(within, upto, digits, places, whole).number()
            options += [] if option is None else [option]
    return options


def _rounded(bound: Bound, direction: str, step: int) -> Bound:
    whole = bound.value.to_integral_value(direction)
    return Bound(whole + step if bound.is_open and whole == bound.value else whole)


class _Digits:
    """Numbers with `digits` before the point, of which `places` behind it have to be compared.

    The methods take the digits of a bound that still limit, None when they do no longer, and answer
    None when nothing can follow.
    """

    def __init__(
        self, low: Bound, high: Bound | None, digits: int, places: int, whole: bool
    ) -> None:
        self._low, self._high = low, high
        self._digits, self._places, self._whole = digits, places, whole
        self._spare = min(6, MAX_DIGITS - digits - places)

    def number(self) -> str | None:
        high = None if self._high is None else self._written(self._high)
        return self._before_point(self._digits, self._written(self._low), high)

    def _written(self, bound: Bound) -> str:
        return str(int(bound.value.scaleb(self._places))).zfill(self._digits + self._places)

    def _before_point(self, left: int, low: str | None, high: str | None) -> str | None:
        if self._is_reached(low):
            low = None
        if left == 0:
            return "" if self._whole else self._fraction(low, high)
        if low is None and high is None:
            return f"[0-9]{{{left}}} {self._before_point(0, None, None)}"
        return _next_digit(low, high, lambda *rest: self._before_point(left - 1, *rest))

    def _fraction(self, low: str | None, high: str | None) -> str | None:
        decimals = self._decimals(low, high)
        point = None if decimals is None else f'"." {decimals}'
        return _optional(point) if self._may_stop(low, high) else point

    def _decimals(self, low: str | None, high: str | None) -> str | None:
        """One digit or more."""
        if low or high:
            return _next_digit(low, high, self._more_decimals)
        if self._spare == 0:
            return None
        if high == "":  # the bound itself: zeros do not change it
            return f'"0"{{1,{self._spare}}}' if self._may_stop(low, high) else None
        if low == "" and not self._is_reached(low):
            zeros = (self._spare - 1) // 2
            return f'"0"{{0,{zeros}}} [1-9] [0-9]{{0,{self._spare - 1 - zeros}}}'
        return f"[0-9]{{1,{self._spare}}}"

    def _more_decimals(self, low: str | None, high: str | None) -> str | None:
        decimals = self._decimals(low, high)
        return _optional(decimals) if self._may_stop(low, high) else decimals

    def _may_stop(self, low: str | None, high: str | None) -> bool:
        is_below = high is None or high.strip("0") != "" or not (self._high and self._high.is_open)
        return (low is None or self._is_reached(low)) and is_below

    def _is_reached(self, low: str | None) -> bool:
        """Whatever follows, the number is not below the lower bound."""
        return low is not None and low.strip("0") == "" and not self._low.is_open


def _next_digit(
    low: str | None, high: str | None, rest: Callable[[str | None, str | None], str | None]
) -> str | None:
    first, last = int(low[0]) if low else 0, int(high[0]) if high else 9
    ways: list[tuple[int, int, str | None, str | None]] = []
    if low and high and first == last:
        ways = [(first, last, low[1:], high[1:])]
    elif first <= last:
        if low:
            ways.append((first, first, low[1:], None))
            first += 1
        if high:
            ways.append((last, last, None, high[1:]))
            last -= 1
        if first <= last:
            ways.append((first, last, None, None))
    options = []
    for a, b, lower, upper in ways:
        after = rest(lower, upper)
        if after is not None:
            options.append(f"[{a}-{b}] {after}" if a < b else f'"{a}" {after}')
    return f"( {' | '.join(options)} )" if options else None


def _optional(body: str | None) -> str:
    return "" if body is None else f"( {body} )?"
