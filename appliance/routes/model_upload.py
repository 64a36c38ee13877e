"""A model that is sent by a form: as large as the disk takes, and never in memory."""

import asyncio
import re
from contextlib import AsyncExitStack, aclosing
from typing import Any

from litestar import Request
from multipart import MultipartSegment  # type: ignore[import-untyped]

from appliance.administration.additions import Additions
from appliance.errors import ImportRefused, InvalidInput
from appliance.model_files.receiving import IncomingFile
from appliance.routes.form_token import check_form_token
from appliance.routes.uploads import NO_FILE, form_parts
from appliance.sentences import say

MAX_MODEL_BYTES = 2**40
_MOST_FIELD_BYTES = 512
_SHA256 = re.compile("[0-9a-f]{64}")
_NO_SHA256 = say(
    "A sha256 has 64 digits from 0 to 9 and a to f. Copy it from where the file is from, or leave "
    "the field empty."
)


async def receive_model(request: Request[Any, Any, Any], additions: Additions) -> None:
    """Put the file of a form where it is tried. Its other fields stand before it, the token among
    them unless the header has it.

    Raises PermissionDeniedException, InvalidInput, Conflict, StoreFull, ModelError.
    """
    if header := request.headers.get("x-csrf-token", ""):
        check_form_token(request, header)
    async with AsyncExitStack() as stack:
        form = _Form(request, additions, stack, has_token=bool(header))
        async with aclosing(form_parts(request)) as parts:
            async for part in parts:
                await form.take(part)
        if form.file is None or not form.file.size_bytes:
            raise ImportRefused(NO_FILE)


class _Form:
    """What has been read of the form so far."""

    def __init__(
        self,
        request: Request[Any, Any, Any],
        additions: Additions,
        stack: AsyncExitStack,
        *,
        has_token: bool,
    ) -> None:
        self.file: IncomingFile | None = None
        self._request = request
        self._additions = additions
        self._stack = stack
        self._has_token = has_token
        self._fields: dict[str, bytes] = {}
        self._at = ""

    async def take(self, part: Any) -> None:
        """A segment's head, a piece of it, or None at its end."""
        if isinstance(part, MultipartSegment):
            self._at = part.name
            if self._at == "file" and self.file is None:
                await self._begin(part.filename or "")
        elif part and self._at == "file" and self.file is not None:
            await asyncio.to_thread(self.file.write, part)
        elif part and len(self._fields.get(self._at, b"")) < _MOST_FIELD_BYTES:
            self._fields[self._at] = self._fields.get(self._at, b"") + part

    async def _begin(self, file_name: str) -> None:
        if not self._has_token:
            check_form_token(self._request, self._field("_csrf_token"))
        sha256 = self._field("sha256").lower()
        if sha256 and not _SHA256.fullmatch(sha256):
            raise InvalidInput(_NO_SHA256)
        receiving = self._additions.receiving(
            file_name, self._request.content_length or 0, self._field("name"), sha256
        )
        self.file = await self._stack.enter_async_context(receiving)

    def _field(self, name: str) -> str:
        return self._fields.get(name, b"").decode(errors="replace").strip()
