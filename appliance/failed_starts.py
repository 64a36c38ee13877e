"""How many starts in a row came to nothing, and how long to rest before the next one.

Whoever starts the box again does so at one pace, for ever: that heals a disk that was full. But a
box that fails each time would load its model all day long. The count lies in the runtime directory,
which systemd keeps over a restart after a failure and removes at a stop.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Self

FREE_STARTS = 5
LONGEST_SECONDS = 60


class FailedStarts:
    """Counts nothing without a directory to remember it in."""

    def __init__(self, directory: Path | None) -> None:
        self._file = directory / "failed-starts" if directory else None
        self.count = self._read()

    @classmethod
    def of_this_service(cls) -> Self:
        """In the directory that systemd gives it."""
        given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
        return cls(Path(given) if given else None)

    def pause_seconds(self) -> int:
        """To rest before this start: none at first, then twice as long each time."""
        more = self.count - FREE_STARTS
        return 0 if more < 0 else min(LONGEST_SECONDS, 2 ** min(more, 10))

    def begin(self) -> None:
        """Counts this start until it is known to have succeeded."""
        if self._file is not None:
            with suppress(OSError):
                self._file.write_text(str(self.count + 1))

    def succeeded(self) -> None:
        """The next one begins from nothing."""
        if self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)

    def _read(self) -> int:
        if self._file is not None:
            with suppress(OSError, ValueError):
                return max(0, int(self._file.read_text()))
        return 0
