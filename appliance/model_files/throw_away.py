"""A child process that may be lost: it opens what a stranger made, and dies with it if need be."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from typing import BinaryIO

from appliance.paths import ROOT

_QUIET = {
    "GGML_NO_BACKTRACE": "1",  # else an abort starts a debugger
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}


def start_of(module: str) -> str:
    """The program that runs `main` of one of our modules."""
    return (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); "
        f"from appliance.{module} import main; main()"
    )


def start_child(
    start: str, *arguments: object, stdin: BinaryIO | None = None
) -> "subprocess.Popen[bytes]":
    """Runs that program, which gives up everything as its first act; it may read `stdin`, and is
    heard at its standard output.
    """
    return subprocess.Popen(
        # Isolated: no variable, no current directory and no start-up file of the person's counts.
        [sys.executable, "-I", "-B", "-c", start, *map(str, (ROOT, *arguments))],
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_QUIET,
        cwd="/",
        start_new_session=True,
    )


def end_child(child: "subprocess.Popen[bytes]") -> None:
    """Nothing of it is left, nor of what it may have started."""
    if child.stdout is not None:
        child.stdout.close()
    with suppress(ProcessLookupError, PermissionError):
        # Its session is still there even when it has ended: it is not waited for yet.
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def ending(status: int) -> str:
    """How it ended, for a sentence."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
