"""A file that comes with a form, put on the disk piece by piece: never more of it is in memory."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, BinaryIO

from litestar import Request
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
)

from appliance.errors import ImportRefused
from appliance.portable.waiting_file import WaitingFile
from appliance.routes.form_token import check_form_token
from appliance.sentences import say

MAX_UPLOAD_BYTES = 2**30
_MOST_TOKEN_BYTES = 512

NO_FILE = say("No file came with the form. Choose a file first.")
_BROKEN = say("The file did not come whole. Reload the page and send it again.")


async def uploaded_file(request: Request[Any, Any, Any], directory: Path | None) -> BinaryIO:
    """The file of a form, once all of it is here; the caller closes it.

    Raises PermissionDeniedException without the form's token, which stands before the file unless
    the header has it; ImportRefused; StoreFull.
    """
    header = request.headers.get("x-csrf-token", "")
    if header:
        check_form_token(request, header)
    waiting = await asyncio.to_thread(WaitingFile, directory)
    try:
        await _receive(request, waiting, has_token=bool(header))
        if not waiting.size_bytes:
            raise ImportRefused(NO_FILE)
        return waiting.from_start()
    except BaseException:
        waiting.file.close()
        raise


async def _receive(
    request: Request[Any, Any, Any], waiting: WaitingFile, *, has_token: bool
) -> None:
    token, is_file = b"", False
    async with aclosing(form_parts(request)) as parts:
        async for part in parts:
            if isinstance(part, MultipartSegment):
                is_file = part.name == "file"
                if is_file and not has_token:
                    check_form_token(request, token.decode(errors="replace"))
                    has_token = True
            elif part and is_file:
                await asyncio.to_thread(waiting.write, part)
            elif part and len(token) < _MOST_TOKEN_BYTES:
                token += part


async def form_parts(
    request: Request[Any, Any, Any], most_parts: int = 4
) -> AsyncGenerator[Any, None]:
    """What the parser of multipart forms says: a segment's head, its bytes, None at its end."""
    kind, options = request.content_type
    boundary = options.get("boundary")
    if kind != "multipart/form-data" or not boundary:
        raise ImportRefused(NO_FILE)
    try:
        with PushMultipartParser(boundary.encode(), max_segment_count=most_parts) as parser:
            async for piece in request.stream():
                if piece and not parser.closed:
                    for part in parser.parse(piece):
                        yield part
    except MultipartError as error:
        raise ImportRefused(_BROKEN) from error
