"""Ranges of code points as sequences of byte ranges, as UTF-8 writes them."""

from collections.abc import Iterator

from appliance.engine.grammar.syntax import Ranges

ByteRanges = tuple[tuple[int, int], ...]
"""One range for each byte: all texts whose bytes lie in them."""

# Without U+0000, which no text may hold, and the surrogates, which UTF-8 has no place for.
_SAME_LENGTH = ((1, 0x7F), (0x80, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))


def byte_sequences(ranges: Ranges) -> Iterator[ByteRanges]:
    """Together they spell exactly the characters of `ranges`."""
    for first, last in ranges:
        for low, high in _SAME_LENGTH:
            if max(first, low) <= min(last, high):
                yield from _split(chr(max(first, low)).encode(), chr(min(last, high)).encode())


def _split(low: bytes, high: bytes) -> Iterator[ByteRanges]:
    """Texts of one length from `low` to `high`: cut until every byte varies on its own."""
    if len(low) == 1:
        yield ((low[0], high[0]),)
        return
    first, last = low[0], high[0]
    if first == last:
        for rest in _split(low[1:], high[1:]):
            yield ((first, first), *rest)
        return
    floor, ceiling = b"\x80" * (len(low) - 1), b"\xbf" * (len(low) - 1)
    if low[1:] != floor:
        for rest in _split(low[1:], ceiling):
            yield ((first, first), *rest)
        first += 1
    ends = []
    if high[1:] != ceiling:
        ends = [((last, last), *rest) for rest in _split(floor, high[1:])]
        last -= 1
    if first <= last:
        yield ((first, last), *((0x80, 0xBF),) * len(floor))
    yield from ends
