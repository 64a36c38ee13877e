"""A first look at a file that claims to be a GGUF model: do its counts and offsets fit its length?

Pure Python over a plain read, bounded in time and memory, so that it is safe in any process; a
mapped file would not be, as one that is cut short meanwhile kills its reader. Parsers in C++ and
the gguf package's reader, which trusts the counts, come afterwards and in a child process.

Layout: magic, version, tensor count, key count; keys with typed values; tensor names, shapes, types
and offsets; padding; tensor data. All little-endian.
"""

import math
import os
import stat
import struct
from functools import cache
from pathlib import Path
from typing import BinaryIO, NoReturn

from appliance.errors import ModelRefused
from appliance.model_files.names import plain
from appliance.sentences import say

MAX_KEYS = 10_000
MAX_TENSORS = 100_000
MAX_ARRAY_VALUES = 4_000_000
MAX_KEY_BYTES = 1024
MAX_HEADER_BYTES = 1 << 30
MAX_TENSOR_NAME_BYTES = 64
MAX_DIMENSIONS = 4

_SCALARS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_DEFAULT_ALIGNMENT = 32


@cache
def _blocks() -> dict[int, tuple[int, int]]:
    """Values and bytes of a block, by kind. The library is loaded with the first file that is
    looked at.
    """
    from gguf.constants import GGML_QUANT_SIZES

    return {kind.value: sizes for kind, sizes in GGML_QUANT_SIZES.items()}


def check_header(path: Path, shown_name: str = "") -> None:
    """Raises ModelRefused, with a sentence that says what is wrong with the file."""
    header_numbers(path, shown_name)


def header_numbers(path: Path, shown_name: str = "") -> dict[str, int]:
    """The same; what its header says in single whole numbers, such as how many layers there are."""
    shown = plain(shown_name or path.name, 80)
    try:
        # Non-blocking, or opening a pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=1 << 18) as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise ModelRefused(
                    say("%(file)s is not a plain file; name a GGUF file.", file=shown)
                )
            header = _Header(file, found.st_size, shown)
            header.check()
            return header.numbers
    except OSError as error:
        raise ModelRefused(
            say(
                "%(file)s cannot be read (%(reason)s); name a GGUF file that you may read.",
                file=shown,
                reason=error.strerror,
            )
        ) from error


class _Header:
    def __init__(self, file: BinaryIO, file_bytes: int, shown: str) -> None:
        self._file = file
        self._file_bytes = file_bytes
        self._shown = shown
        self._at = 0
        self._array_values = 0
        self._alignment = _DEFAULT_ALIGNMENT
        self._parts = 1
        self.numbers: dict[str, int] = {}

    def check(self) -> None:
        magic = self._take(4) if self._file_bytes >= 4 else b""
        if magic != b"GGUF":
            self._refuse(say("is not a GGUF model; name a file that ends in .gguf"))
        version = self._number("I")
        if version not in (2, 3):
            self._refuse(
                say("is GGUF of a version or byte order that is not supported; get another")
            )
        tensors, keys = self._number("Q"), self._number("Q")
        if tensors > MAX_TENSORS or keys > MAX_KEYS:
            self._damaged(say("it claims an impossible number of parts"))
        for _ in range(keys):
            self._key()
        if self._parts > 1:
            self._refuse(say("is one part of a model in several files; get it as a single file"))
        ends = [self._tensor() for _ in range(tensors)]
        data_at = math.ceil(self._at / self._alignment) * self._alignment
        needed = data_at + max(ends, default=0)
        if needed > self._file_bytes:
            self._refuse(
                say(
                    "is cut short: it holds %(bytes)s of %(needed)s bytes; copy it again",
                    bytes=self._file_bytes,
                    needed=needed,
                )
            )

    def _key(self) -> None:
        length = self._number("Q")
        if not 0 < length <= MAX_KEY_BYTES:
            self._damaged(say("a key has an impossible length"))
        key = self._take(length)
        kind = self._number("I")
        if kind == _ARRAY:
            self._array()
        elif kind == _STRING:
            self._skip(self._number("Q"))
        elif kind in _SCALARS:
            value = self._number(_SCALARS[kind])
            self.numbers[key.decode(errors="replace")] = value
            if key == b"general.alignment":
                self._align(value)
            elif key == b"split.count":
                self._parts = value
        else:
            self._damaged(say("a value has an unknown type"))

    def _array(self) -> None:
        kind, count = self._number("I"), self._number("Q")
        self._array_values += count
        if self._array_values > MAX_ARRAY_VALUES:
            self._damaged(say("its lists are impossibly long"))
        if kind == _STRING:
            for _ in range(count):
                self._skip(self._number("Q"))
        elif kind in _SCALARS:
            self._skip(count * struct.calcsize("<" + _SCALARS[kind]))
        else:
            self._damaged(say("a list has an unknown type"))

    def _tensor(self) -> int:
        """Where its data ends, counted from the begin of all tensor data."""
        length = self._number("Q")
        if length > MAX_TENSOR_NAME_BYTES:
            self._damaged(say("a tensor has an impossible name"))
        self._skip(length)
        dimensions = self._number("I")
        if dimensions > MAX_DIMENSIONS:
            self._damaged(say("a tensor has an impossible shape"))
        values = math.prod(self._number("Q") for _ in range(dimensions))
        kind, offset = self._number("I"), self._number("Q")
        if kind not in _blocks():
            self._refuse(say("has a kind of quantisation that is not supported; get another file"))
        if offset % self._alignment or values >= 1 << 60:
            self._damaged(say("a tensor lies at an impossible place"))
        block_values, block_bytes = _blocks()[kind]
        return offset + math.ceil(values / block_values) * block_bytes

    def _align(self, value: int) -> None:
        if not 1 <= value <= 1 << 20 or value & (value - 1):
            self._damaged(say("its alignment is impossible"))
        self._alignment = value

    def _number(self, form: str) -> int:
        code = "<" + form
        return int(struct.unpack(code, self._take(struct.calcsize(code)))[0])

    def _take(self, count: int) -> bytes:
        self._reach(count)
        taken = self._file.read(count)
        if len(taken) != count:
            self._refuse(say("is cut short within its header; copy it again"))
        return taken

    def _skip(self, count: int) -> None:
        self._reach(count)
        self._file.seek(count, os.SEEK_CUR)

    def _reach(self, count: int) -> None:
        self._at += count
        if self._at > min(self._file_bytes, MAX_HEADER_BYTES):
            self._refuse(say("is cut short within its header, or damaged; copy it again"))

    def _damaged(self, reason: str) -> NoReturn:
        self._refuse(say("is damaged (%(reason)s); copy it again", reason=reason))

    def _refuse(self, what: str) -> NoReturn:
        raise ModelRefused(say("%(file)s %(what)s.", file=self._shown, what=what))
