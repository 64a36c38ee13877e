"""A backup locked with a passphrase, in the format of age: whoever has `age` and `tar` can open it
without us.

    tar -xf FILE;  age -d -o key.txt key.age;  age -d -i key.txt backup.tar.age | tar -x

The backup is encrypted to a key of its own, as it flows, however large it is; that key, encrypted
with the passphrase (scrypt), stands before it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

import pyrage

from appliance.backups.tar import (
    BLOCK,
    END,
    exactly,
    header,
    name_and_size,
    padding,
)
from appliance.errors import BackupRefused

_KEY, _BODY = "key.age", "backup.tar.age"
_MOST_KEY_BYTES = 4096
_ASKED = "This backup is locked: name the file with its passphrase with --passphrase-file."
_WRONG = "This is not the passphrase of this backup (or its first lines are damaged)."
_CHANGED = "This backup is damaged, or was changed: it cannot be decrypted. Take another one."
_NO_BACKUP = "This file is no backup of an appliance."


class Lock:
    """The key of one backup. How hard its passphrase is made to guess depends on how fast this
    machine is at that moment: it is to be made before this process steps aside.
    """

    def __init__(self, passphrase: str) -> None:
        identity = pyrage.x25519.Identity.generate()
        self.recipient = identity.to_public()
        self.key = pyrage.passphrase.encrypt(str(identity).encode(), passphrase)


@contextmanager
def locked(file: BinaryIO, lock: Lock) -> Iterator[BinaryIO]:
    """What is written into the block's file goes into `file`, which can be sought in, encrypted."""
    file.write(header(_KEY, len(lock.key)) + lock.key + padding(len(lock.key)))
    start = file.tell()
    file.write(bytes(BLOCK))  # its size is known when it has ended
    with _flowing(
        lambda source: pyrage.encrypt_io(source, file, [lock.recipient]), is_written=True
    ) as body:
        yield body
    size_bytes = file.tell() - start - BLOCK
    file.write(padding(size_bytes) + END)
    file.seek(start)
    file.write(header(_BODY, size_bytes))
    file.seek(0, os.SEEK_END)


def is_locked(file: BinaryIO) -> bool:
    """Whether it begins as one of these does; leaves the file at its start."""
    block = exactly(file, BLOCK)
    file.seek(0)
    return name_and_size(block)[0] == _KEY


@contextmanager
def unlocked(file: BinaryIO, passphrase: str | None) -> Iterator[BinaryIO]:
    """What it holds, decrypted as it is read; a plain one as it is. Raises BackupRefused."""
    if not is_locked(file):
        yield file
        return
    if passphrase is None:
        raise BackupRefused(_ASKED)
    identity = _identity(file, passphrase)
    name, size_bytes = name_and_size(exactly(file, BLOCK))
    if name != _BODY:
        raise BackupRefused(_NO_BACKUP)
    body = _Part(file, size_bytes)
    try:
        with _flowing(
            lambda target: pyrage.decrypt_io(body, target, [identity]), is_written=False
        ) as plain:
            yield plain
    except (OSError, pyrage.DecryptError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk
        raise BackupRefused(_CHANGED) from error
    rest = padding(size_bytes) + END
    if body.left or exactly(file, len(rest)) != rest or file.read(1):
        raise BackupRefused(_CHANGED)


def _identity(file: BinaryIO, passphrase: str) -> "pyrage.x25519.Identity":
    name, size_bytes = name_and_size(exactly(file, BLOCK))
    if name != _KEY or size_bytes > _MOST_KEY_BYTES:
        raise BackupRefused(_NO_BACKUP)
    key = exactly(file, size_bytes)
    if exactly(file, len(padding(size_bytes))) != padding(size_bytes):
        raise BackupRefused(_CHANGED)
    try:
        return pyrage.x25519.Identity.from_str(pyrage.passphrase.decrypt(key, passphrase).decode())
    except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
        raise BackupRefused(_WRONG) from error


class _Part:
    """So many bytes of a file, and then its end."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self.left = size_bytes

    def read(self, most: int = -1) -> bytes:
        piece = self._file.read(self.left if most < 0 else min(most, self.left))
        self.left -= len(piece)
        return piece


@contextmanager
def _flowing(work: Callable[[BinaryIO], None], *, is_written: bool) -> Iterator[BinaryIO]:
    """The other end of a pipe, on which `work` is busy on a thread of its own. What `work` raised
    is raised here, before anything that came of it.
    """
    reading, writing = os.pipe()
    theirs, ours = (
        (os.fdopen(reading, "rb"), os.fdopen(writing, "wb"))
        if is_written
        else (os.fdopen(writing, "wb"), os.fdopen(reading, "rb"))
    )
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with theirs:
                work(cast(BinaryIO, theirs))
        except BaseException as error:  # the thread's border: whoever waits gets it
            failures.append(error)

    thread = threading.Thread(target=run, name="age")
    thread.start()
    try:
        yield cast(BinaryIO, ours)
        ours.close()
    except BaseException as error:
        with suppress(OSError):
            ours.close()
        thread.join()
        if failures and not isinstance(failures[0], BrokenPipeError):
            raise failures[0] from error
        raise
    thread.join()
    if failures:
        raise failures[0]
