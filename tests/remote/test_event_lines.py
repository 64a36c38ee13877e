"""Server-sent events from a stranger, put together whatever way they arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.remote.event_lines import MAX_EVENT_BYTES, EndlessLine, EventLines

STREAM = (
    b": a comment\r\n\r\nevent: x\ndata: one\n\ndata:two\rdata: lines\r\r"
    b'id: 7\n\ndata: {"a": "\xec\x95\x88"}\r\n\r\n'
)
PAYLOADS = [b"one", b"two\nlines", b'{"a": "\xec\x95\x88"}']


def payloads(*pieces: bytes) -> list[bytes]:
    lines = EventLines()
    return [payload for piece in pieces for payload in lines.feed(piece)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_wherever_the_pieces_are_cut(cuts: list[int]) -> None:
    at = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in pairwise(at)]
    assert payloads(*pieces) == PAYLOADS


def test_an_event_that_is_not_ended_is_none() -> None:
    assert payloads(b"data: half\n") == []


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data: y\n" * 100], ids=["line", "event"])
def test_an_endless_event_is_cut_off(piece: bytes) -> None:
    with pytest.raises(EndlessLine):
        payloads(*[piece] * (MAX_EVENT_BYTES // 10))
