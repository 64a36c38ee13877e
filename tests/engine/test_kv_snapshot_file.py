"""The format, against files that are torn, altered or made to harm."""

import io
import os
import struct
import tracemalloc
from array import array
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_states import KEY, state_of

from appliance.engine.kv_snapshot_file import (
    SnapshotDamaged,
    SnapshotHeader,
    read_header,
    read_state,
    snapshot_bytes,
    write_snapshot,
)

TOKENS = [1, 2, 3, 2**31 - 1]
STATE = state_of(TOKENS, 300)
HEADER = SnapshotHeader("model-a", "ann", "conversation", 2, array("i", TOKENS), len(STATE))
START = struct.Struct("=8sIQ")


def written(header: SnapshotHeader = HEADER, state: bytes = STATE, key: bytes = KEY) -> bytes:
    file = io.BytesIO()
    write_snapshot(file, header, memoryview(state), key, lambda: None)
    return file.getvalue()


def read(content: bytes, key: bytes = KEY, expected: SnapshotHeader = HEADER) -> bytes:
    with TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        assert read_header(file, key) == expected
        file.seek(0)
        return read_state(file, expected, key)


@given(
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=50),
    st.binary(max_size=500),
)
def test_what_is_written_is_read_again_and_has_the_size_it_was_said_to_have(
    words: str, tokens: list[int], state: bytes
) -> None:
    header = SnapshotHeader(words, words, words, len(tokens), array("i", tokens), len(state))
    content = written(header, state)
    assert read(content, expected=header) == state
    assert len(content) == snapshot_bytes(header)


def test_a_file_cut_anywhere_is_refused() -> None:
    whole = written()
    for length in range(len(whole)):
        with pytest.raises(SnapshotDamaged):
            read(whole[:length])
    with pytest.raises(SnapshotDamaged):
        read(whole + b"\0")


@given(st.integers(0, 8 * len(written()) - 1))
def test_one_changed_bit_anywhere_is_refused(bit: int) -> None:
    content = bytearray(written())
    content[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SnapshotDamaged):
        read(bytes(content))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(SnapshotDamaged):
        read(content)
    with pytest.raises(SnapshotDamaged):
        read(written()[:8] + content)


def test_another_boxs_file_is_refused() -> None:
    with pytest.raises(SnapshotDamaged, match="does not fit its checksum"):
        read(written(), key=bytes(32))


def test_the_state_of_another_conversation_is_not_given_out() -> None:
    """Both are ours and whole, but somebody exchanged the files."""
    other = SnapshotHeader("model-a", "bob", "other", 2, array("i", TOKENS), len(STATE))
    with TemporaryFile() as file:
        file.write(written(other))
        file.seek(0)
        with pytest.raises(SnapshotDamaged, match="another snapshot"):
            read_state(file, HEADER, KEY)


@pytest.mark.parametrize(
    ("body_bytes", "state_bytes", "size"),
    [
        (2**32 - 1, 0, None),
        (0, 2**64 - 1, None),
        (2**32 - 1, 2**64 - 1, None),
        # Lengths that fit the size, because the file is one big hole.
        (2**32 - 1, 0, 2**32 - 1 + START.size + 64),
        (100, 2**40, 2**40 + 100 + START.size + 64),
        (0, 2**40, 2**40 + START.size + 64),
    ],
)
def test_lengths_that_lie_cost_no_memory(
    tmp_path: Path, body_bytes: int, state_bytes: int, size: int | None
) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(START.pack(written()[:8], body_bytes, state_bytes) + bytes(200))
    if size is not None:
        os.truncate(path, size)
    tracemalloc.start()
    try:
        with path.open("rb") as file, pytest.raises(SnapshotDamaged):
            read_header(file, KEY)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_reading_the_header_reads_nothing_of_the_state(tmp_path: Path) -> None:
    content = written()
    path = tmp_path / "snapshot"
    path.write_bytes(content[: -len(STATE) - 32] + bytes(len(STATE) + 32))
    with path.open("rb") as file:
        assert read_header(file, KEY) == HEADER


def test_a_state_is_written_in_pieces_with_a_pause_before_each() -> None:
    size = 9 * 2**20
    header = SnapshotHeader("model-a", "ann", "t", 0, array("i", TOKENS), size)
    file, written_before = io.BytesIO(), []
    write_snapshot(
        file, header, memoryview(bytes(size)), KEY, lambda: written_before.append(file.tell())
    )
    gaps = [b - a for a, b in zip(written_before, [*written_before[1:], file.tell()], strict=True)]
    assert len(gaps) == 3 and max(gaps) <= 4 * 2**20
