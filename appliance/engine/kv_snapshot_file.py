"""One KV snapshot as a file, which is believed only as far as its keyed checksums go.

    start    magic and version, length of the body, length of the state
    body     fingerprint, owner, tag, public tokens, token ids (msgpack)
    check    keyed blake2b of all before it: opening reads this far and no further
    state    what llama.cpp gave out, opaque
    check    keyed blake2b of all before it

Nothing is parsed before its checksum fits but the two lengths, and they must add up to the file's
size before anything is allocated. Numbers are in this machine's byte order, as the state itself is.
"""

import os
import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from hmac import compare_digest
from typing import BinaryIO

import msgspec

_MAGIC = b"kvsnap\x00\x01"
_START = struct.Struct("=8sIQ")
_BODY = msgspec.msgpack.Decoder(tuple[str, str, str, int, bytes])
_BODY_LIMIT_BYTES = 16 * 2**20
_CHECK_BYTES = 32
_PIECE_BYTES = 4 * 2**20

KEY_BYTES = 32


class SnapshotDamaged(Exception):
    """The file is torn, altered, of another box, or not a snapshot at all."""


@dataclass(frozen=True, slots=True)
class SnapshotHeader:
    """What a snapshot is of. `fingerprint` names the model and settings that can read its state."""

    fingerprint: str
    owner: str
    tag: str
    public_tokens: int
    tokens: "array[int]"
    state_bytes: int

    def is_beginning_of(self, other: "SnapshotHeader") -> bool:
        """Whether `other` is this same conversation, gone on or just as far."""
        return (
            (self.fingerprint, self.owner, self.tag) == (other.fingerprint, other.owner, other.tag)
        ) and self.tokens == other.tokens[: len(self.tokens)]

    def is_same_as(self, other: "SnapshotHeader") -> bool:
        return (
            len(self.tokens) == len(other.tokens)
            and self.public_tokens == other.public_tokens
            and self.is_beginning_of(other)
        )


def write_snapshot(
    file: BinaryIO,
    header: SnapshotHeader,
    state: memoryview,
    key: bytes,
    before_each_piece: Callable[[], None],
) -> None:
    """Write it in pieces of a few MiB, so that whoever must can come in between. Raises OSError."""
    head = _head(header, key)
    check = _check(b"whole", key, head)
    file.write(head)
    for start in range(0, len(state), _PIECE_BYTES):
        before_each_piece()
        piece = state[start : start + _PIECE_BYTES]
        check.update(piece)
        file.write(piece)
    file.write(check.digest())


def snapshot_bytes(header: SnapshotHeader) -> int:
    """How large its file is."""
    return _START.size + len(_body(header)) + header.state_bytes + 2 * _CHECK_BYTES


def read_header(file: BinaryIO, key: bytes) -> SnapshotHeader:
    """Raises SnapshotDamaged, OSError."""
    return _parsed(_read_head(file, key))


def read_state(file: BinaryIO, expected: SnapshotHeader, key: bytes) -> bytes:
    """The state of exactly the snapshot that is expected. Raises SnapshotDamaged, OSError."""
    head = _read_head(file, key)
    if _parsed(head) != expected:
        raise SnapshotDamaged("it is another snapshot than it was")
    state = file.read(expected.state_bytes)
    check = _check(b"whole", key, head)
    check.update(state)
    if not compare_digest(check.digest(), file.read(_CHECK_BYTES)):
        raise SnapshotDamaged("its state does not fit its checksum")
    return state


def _check(of: bytes, key: bytes, head: bytes) -> blake2b:
    return blake2b(head, digest_size=_CHECK_BYTES, key=key, person=of)


def _body(header: SnapshotHeader) -> bytes:
    fields = (header.fingerprint, header.owner, header.tag, header.public_tokens)
    body = msgspec.msgpack.encode((*fields, header.tokens.tobytes()))
    assert len(body) <= _BODY_LIMIT_BYTES, "no model has a context of millions of tokens"
    return body


def _head(header: SnapshotHeader, key: bytes) -> bytes:
    body = _body(header)
    head = _START.pack(_MAGIC, len(body), header.state_bytes) + body
    return head + _check(b"head", key, head).digest()


def _read_head(file: BinaryIO, key: bytes) -> bytes:
    """Start, body and their checksum, which fits."""
    size = os.fstat(file.fileno()).st_size
    start = file.read(_START.size)
    if len(start) < _START.size:
        raise SnapshotDamaged("it is too short")
    magic, body_bytes, state_bytes = _START.unpack(start)
    if magic != _MAGIC:
        raise SnapshotDamaged("it is of another kind or version")
    whole = _START.size + body_bytes + state_bytes + 2 * _CHECK_BYTES
    if whole != size or body_bytes > _BODY_LIMIT_BYTES:
        raise SnapshotDamaged("it has another length than it says")
    head = start + file.read(body_bytes)
    check = file.read(_CHECK_BYTES)
    if not compare_digest(_check(b"head", key, head).digest(), check):
        raise SnapshotDamaged("its beginning does not fit its checksum")
    return head + check


def _parsed(head: bytes) -> SnapshotHeader:
    _, _, state_bytes = _START.unpack_from(head)
    tokens = array("i")
    try:
        body = _BODY.decode(head[_START.size : -_CHECK_BYTES])
        fingerprint, owner, tag, public_tokens, raw_tokens = body
        tokens.frombytes(raw_tokens)
    except (msgspec.MsgspecError, ValueError) as error:
        raise SnapshotDamaged("its beginning cannot be read") from error
    return SnapshotHeader(fingerprint, owner, tag, public_tokens, tokens, state_bytes)
