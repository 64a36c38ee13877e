"""The private Valkey server: found, started, watched, and started again when it dies.

Its absence is never an error: without a binary, or when it will not start, a warning is logged and
the appliance runs without. It dies with this process, even when this process is killed.
"""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import structlog

from appliance.hot.binary import find_binary
from appliance.hot.runtime_dir import RuntimeDir
from appliance.hot.service import answers_ping

LAUNCHER = Path(__file__).with_name("die_with_parent.py")
START_SECONDS = 5.0
POLL_SECONDS = 0.005
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.05, 30.0
# Whoever lived this long did not die of its start; the pauses begin anew.
STEADY_SECONDS = 30.0

log = structlog.get_logger(__name__)


class ValkeyServer:
    """`start`, then `url` for the client (None: there is no server), `stop` at the end.

    Start it from the thread that stays: the server is killed when the thread that started it ends.
    """

    def __init__(
        self,
        *,
        memory_mb: int = 64,
        binary: Path | None = None,
        runtime_parent: Path | None = None,
        extra_settings: Sequence[str] = (),
    ) -> None:
        self.answers = asyncio.Event()
        """Set while the server is known to answer."""
        self._memory_mb = memory_mb
        self._binary = binary
        self._runtime_parent = runtime_parent
        self._extra_settings = extra_settings
        self._runtime_dir: RuntimeDir | None = None
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def url(self) -> str | None:
        """For the client; stays the same when the server is started again."""
        return f"unix://{quote(str(self._runtime_dir.socket))}" if self._runtime_dir else None

    @property
    def pid(self) -> int | None:
        """The server's process while there is one."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when the server answers, or when it clearly will not soon. Never raises."""
        binary = await asyncio.to_thread(find_binary, self._binary)
        if binary is None:
            log.warning("hot.no_binary", hint="install valkey-server, or set hot.url")
            return
        try:
            self._runtime_dir = RuntimeDir(self._runtime_parent)
            self._runtime_dir.write_settings(self._memory_mb, self._extra_settings)
            executable = self._runtime_dir.executable(binary)
        except OSError as error:
            log.warning("hot.no_directory", error=str(error))
            await self.stop()
            return
        command = [str(executable), str(self._runtime_dir.settings)]
        self._watching = asyncio.create_task(self._watch(command), name="valkey watch")
        try:
            async with asyncio.timeout(START_SECONDS):
                await self.answers.wait()
        except TimeoutError:
            log.warning("hot.slow_start", seconds=START_SECONDS)

    async def stop(self) -> None:
        """Ends the server and removes what it left. There is nothing worth a gentle end."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        if self._runtime_dir is not None:
            self._runtime_dir.remove()
            self._runtime_dir = None

    async def _watch(self, command: Sequence[str]) -> None:
        clock = asyncio.get_running_loop().time
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = clock()
            try:
                exit_code: int | None = await self._run_once(command)
                log.warning("hot.server_ended", exit_code=exit_code, next_start_seconds=pause)
            except OSError as error:
                log.warning("hot.no_start", error=str(error), next_start_seconds=pause)
            if clock() - began >= STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _run_once(self, command: Sequence[str]) -> int:
        launcher = (sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()))
        process = await asyncio.create_subprocess_exec(
            *launcher, *command, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, limit=1 << 20
        )
        self._process = process
        asking = asyncio.create_task(self._ask_until_it_answers())
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                _log_line(line)
            return await process.wait()
        finally:
            asking.cancel()
            self.answers.clear()
            self._process = None
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _ask_until_it_answers(self) -> None:
        assert self._runtime_dir is not None
        while not await answers_ping(self._runtime_dir.socket):
            await asyncio.sleep(POLL_SECONDS)
        self.answers.set()


def _log_line(line: bytes) -> None:
    """Valkey marks its warnings with a number sign: `123:M 01 Jan 2026 00:00:00.000 # text`."""
    text = line.decode(errors="replace").strip()
    _, _, warning = text.partition(" # ")
    # Overcommit matters to a server that forks to save; this one never does.
    if warning and "overcommit" not in warning:
        log.warning("hot.says", text=warning)
    elif text:
        log.debug("hot.says", text=text)
