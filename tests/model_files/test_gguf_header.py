"""The first look at a file."""

import os
import struct
from pathlib import Path

import pytest

from appliance.errors import ModelRefused
from appliance.model_files.gguf_header import check_header


def _header(*parts: bytes, tensors: int = 0, keys: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, keys) + b"".join(parts)


def _key(name: bytes, kind: int, value: bytes) -> bytes:
    return struct.pack("<Q", len(name)) + name + struct.pack("<I", kind) + value


def _tensor(*, dims: tuple[int, ...] = (32,), kind: int = 0, offset: int = 0) -> bytes:
    shape = struct.pack(f"<I{len(dims)}Q", len(dims), *dims)
    return struct.pack("<Q", 1) + b"t" + shape + struct.pack("<IQ", kind, offset)


def _refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(ModelRefused) as refused:
        check_header(path)
    return str(refused.value)


def test_a_real_file_passes(tiny: Path) -> None:
    check_header(tiny)


def test_a_file_of_another_kind_is_named_so(tmp_path: Path) -> None:
    for content in (b"", b"GG", b"PK\x03\x04" * 100, b"\x00" * 64, b"FUGG" + b"\x00" * 60):
        assert "is not a GGUF model" in _refusal(tmp_path / "x.gguf", content)


def test_each_cut_of_a_real_file_is_noticed(tiny: Path, tmp_path: Path) -> None:
    content = tiny.read_bytes()
    for length in (*range(4, 400, 7), len(content) // 2, len(content) - 1):
        assert "copy it again" in _refusal(tmp_path / "cut.gguf", content[:length])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_header(version=1), "version or byte order"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version or byte order"),
        (_header(tensors=2**63), "impossible number"),
        (_header(keys=2**32), "impossible number"),
        (_header(_key(b"", 4, b"\0" * 4), keys=1), "a key has"),
        (_header(struct.pack("<Q", 2**64 - 1), keys=1), "a key has"),
        (_header(_key(b"k", 99, b""), keys=1), "unknown type"),
        (_header(_key(b"k", 8, struct.pack("<Q", 2**63)), keys=1), "cut short"),
        (_header(_key(b"k", 9, struct.pack("<IQ", 4, 2**61)), keys=1), "impossibly long"),
        (_header(_key(b"k", 9, struct.pack("<IQ", 9, 1)), keys=1), "list has an unknown type"),
        (_header(_key(b"general.alignment", 4, struct.pack("<I", 0)), keys=1), "alignment"),
        (_header(_key(b"general.alignment", 4, struct.pack("<I", 24)), keys=1), "alignment"),
        (_header(_key(b"split.count", 2, struct.pack("<H", 3)), keys=1), "several files"),
        (_header(_tensor(dims=(1, 1, 1, 1, 1)), tensors=1), "impossible shape"),
        (_header(_tensor(dims=(2**40, 2**40)), tensors=1), "impossible place"),
        (_header(_tensor(offset=3), tensors=1), "impossible place"),
        (_header(_tensor(offset=2**62), tensors=1), "cut short"),
        (_header(_tensor(kind=99), tensors=1), "quantisation"),
        (_header(_tensor(), tensors=1), "cut short"),
    ],
)
def test_impossible_counts_and_places_are_refused(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    assert reason in _refusal(tmp_path / "x.gguf", content)


def test_the_smallest_file_with_a_tensor_passes(tmp_path: Path) -> None:
    head = _header(_tensor(), tensors=1)
    path = tmp_path / "x.gguf"
    path.write_bytes(head.ljust(-len(head) // 32 * -32, b"\0") + bytes(32 * 4))
    check_header(path)


def test_what_is_not_a_plain_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    for path in (tmp_path / "pipe.gguf", tmp_path, Path("/dev/zero")):
        with pytest.raises(ModelRefused, match=r"not a plain file|cannot be read"):
            check_header(path)


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelRefused, match="No such file"):
        check_header(tmp_path / "nothing.gguf")
