"""A document's file on its way in, piece by piece."""

import asyncio
from collections.abc import Callable

from appliance.documents.files import IncomingFile
from appliance.errors import ApplianceError
from appliance.sentences import say

_EMPTY = say("The file is empty.")


class Arrival:
    """A file on its way in. What is wrong with it is noted once; what still comes is let go by."""

    def __init__(self, place: Callable[[], IncomingFile], total_bytes: int) -> None:
        self.total_bytes = total_bytes
        self.size_bytes = 0
        self._place = place
        self._file: IncomingFile | None = None
        self._why = ""

    async def take(self, piece: bytes | bytearray) -> None:
        """The next bytes."""
        if not self._why:
            await self._try(lambda: self._write(piece))

    async def finish(self) -> str:
        """All of it is here: why it is refused, or nothing."""
        if not self.size_bytes:
            return self._why or _EMPTY
        if not self._why and self._file is not None:
            await self._try(self._file.finish)
        return self._why

    def close(self) -> None:
        """However far it came."""
        if self._file is not None:
            self._file.close()

    def _write(self, piece: bytes | bytearray) -> None:
        self._file = self._file or self._place()
        self._file.write(piece)
        self.size_bytes = self._file.size_bytes

    async def _try(self, step: Callable[[], None]) -> None:
        try:
            await asyncio.to_thread(step)
        except ApplianceError as error:
            self._why = error.sentence
