"""The way from the command line to a box that runs: a socket in the data directory, for its owner.

Both sides speak in frames, four bytes of length and then as many bytes. The command line says what
it wants and, for an import, sends the file, which an empty frame ends. The box sends the file of an
export, an empty frame, and how it went. Whoever may open the socket may read the database, too.
"""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast

import msgspec
import structlog

from appliance.accounts.errands import AccountWish
from appliance.accounts.new_key import KeyWish
from appliance.box_errands import BoxErrands
from appliance.document_errands import DocumentWish
from appliance.errors import ApplianceError, StoreError
from appliance.portable.waiting_file import WaitingFile

NAME = "errands.sock"
FRAME_BYTES = 256 * 1024
_LENGTH = struct.Struct("!I")

log = structlog.get_logger(__name__)


class Wanted(msgspec.Struct, frozen=True):
    """What the command line asks for."""

    errand: Literal[
        "export", "import", "delete", "account", "key", "reindex", "document", "restart"
    ]
    kind: str = ""
    conversation_id: str = ""
    confirmation: str = ""
    person: str = ""
    role: str = ""
    key: KeyWish = KeyWish("list")
    document: DocumentWish = DocumentWish("list")

    @property
    def account(self) -> AccountWish:
        """What is to be done with an account."""
        return AccountWish(self.kind, self.person, self.role, self.confirmation)


class Outcome(msgspec.Struct, frozen=True):
    """What to tell the person; `refused` is the sentence when it was not done."""

    words: list[str] = []
    refused: str = ""


@asynccontextmanager
async def errands_taken(data_dir: Path, errands: BoxErrands) -> AsyncIterator[None]:
    """While the block runs, the command line may ask this process."""
    path = data_dir / NAME
    path.unlink(missing_ok=True)  # one that a crash left; the directory is held by this process
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _short(path) as short:
        listener.bind(short)
    path.chmod(0o600)
    server = await asyncio.start_unix_server(
        lambda reader, writer: _serve(errands, data_dir, reader, writer), sock=listener
    )
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)


async def _serve(
    errands: BoxErrands, data_dir: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        wanted = msgspec.json.decode(await _read_frame(reader), type=Wanted)
        try:
            words = await _do(errands, data_dir, wanted, reader, writer)
            outcome = Outcome(words=words)
        except ApplianceError as error:
            outcome = Outcome(refused=str(error))
        await _write_frame(writer, b"")
        # The box's sentences are more than strings; here they are told as they are.
        await _write_frame(writer, msgspec.json.encode(outcome, enc_hook=str))
    except (OSError, EOFError, msgspec.DecodeError) as error:
        log.info("an errand broke off", error=type(error).__name__)
    finally:
        writer.close()


async def _do(
    errands: BoxErrands,
    data_dir: Path,
    wanted: Wanted,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> list[str]:
    if wanted.errand == "account":
        return await errands.accounts.do(wanted.account)
    if wanted.errand == "key":
        return await errands.keys.do(await errands.account(wanted.person), wanted.key)
    if wanted.errand == "restart":
        errands.restart()
        return []
    if wanted.errand == "reindex":
        return await errands.reindex(is_begun=wanted.kind == "progress")
    match wanted.errand:
        case "export":
            async for piece in await errands.export(
                wanted.person, wanted.kind, wanted.conversation_id
            ):
                for start in range(0, len(piece), FRAME_BYTES):
                    await _write_frame(writer, piece[start : start + FRAME_BYTES])
            return []
        case "import":
            return await errands.bring(wanted.person, await _received(data_dir, reader))
        case "document":
            adds = wanted.document.act == "add"
            file = await _received(data_dir, reader) if adds else None
            return await errands.document(wanted.document, wanted.person, file)
        case "delete":
            return await errands.delete(wanted.person, wanted.confirmation)


async def _received(data_dir: Path, reader: asyncio.StreamReader) -> BinaryIO:
    """The file that is sent, without a name on the disk."""
    waiting = await asyncio.to_thread(WaitingFile, data_dir)
    try:
        while piece := await _read_frame(reader):
            await asyncio.to_thread(waiting.write, piece)
        return waiting.from_start()
    except BaseException:
        waiting.file.close()
        raise


async def _read_frame(reader: asyncio.StreamReader) -> bytes:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > FRAME_BYTES:
        raise EOFError("not a frame of ours")
    return await reader.readexactly(length)


async def _write_frame(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(_LENGTH.pack(len(frame)) + frame)
    await writer.drain()


def ask(
    data_dir: Path, wanted: Wanted, given: BinaryIO | None = None, taken: BinaryIO | None = None
) -> Outcome:
    """Ask the box that runs on this directory, from another process.

    `given` is a file for it, `taken` is where its file goes. Raises StoreError when it is away.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as box:
            with _short(data_dir / NAME) as short:
                box.connect(short)
            with cast(BinaryIO, box.makefile("rwb")) as line:
                _send(line, msgspec.json.encode(wanted, enc_hook=str))
                while given is not None and (piece := given.read(FRAME_BYTES)):
                    _send(line, piece)
                if given is not None:
                    _send(line, b"")
                line.flush()
                while piece := _receive(line):
                    if taken is not None:
                        taken.write(piece)
                return msgspec.json.decode(_receive(line), type=Outcome)
    except (OSError, EOFError, msgspec.DecodeError) as error:
        raise StoreError(
            "The box that runs here did not answer to the end. See its log, and try again."
        ) from error


def _send(line: BinaryIO, frame: bytes) -> None:
    line.write(_LENGTH.pack(len(frame)) + frame)


def _receive(line: BinaryIO) -> bytes:
    head = line.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    frame = line.read(length)
    if len(frame) < length:
        raise EOFError
    return frame


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """The same socket under a short name: the kernel takes 107 bytes, wherever the directory is."""
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)
