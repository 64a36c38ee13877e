"""What is the same about every ZIP archive of a stranger, whatever it is read for."""

import struct
import zipfile
import zlib

MOST_RATIO = 200
"""Text shrinks to a tenth or twentieth; what shrinks more than this is there to do harm."""

READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Kinds of compression."""

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    UnicodeDecodeError,
    NotImplementedError,
    ValueError,
    RuntimeError,
)
"""All that zipfile raises at an archive that is not what it says."""

_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED = 0x1


def is_zip(start: bytes) -> bool:
    """By its first bytes."""
    return start.startswith(_MAGIC)


def is_encrypted(entry: zipfile.ZipInfo) -> bool:
    return bool(entry.flag_bits & _ENCRYPTED)
