"""Runs the trial of a model file in a throw-away child process, and doubts what it says."""

import os
import select
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from appliance.errors import ModelRefused
from appliance.model_files.names import plain
from appliance.model_files.throw_away import end_child, ending, start_child, start_of
from appliance.model_files.trial_report import AdapterReport, TrialAnswer, TrialReport
from appliance.sentences import said_before, say

_Report = TypeVar("_Report", TrialReport, AdapterReport)

_GIB = 1 << 30
_MAX_ANSWER_BYTES = 1 << 20
_START = start_of("model_files.trial")


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """What the child may use. The file is mapped, so its size counts as memory."""

    memory_bytes: int
    cpu_seconds: int
    wall_seconds: float

    @classmethod
    def for_file(cls, size_bytes: int) -> "TrialLimits":
        # Reading a large vocabulary in Python takes half a minute, a slow disk 30 s a gigabyte.
        gigabytes = size_bytes // _GIB
        return cls(
            memory_bytes=2 * size_bytes + 2 * _GIB,
            cpu_seconds=90 + 15 * gigabytes,
            wall_seconds=180.0 + 60 * gigabytes,
        )


def run_trial(
    path: Path, shown_name: str, limits: TrialLimits | None = None, *, whole: bool = True
) -> TrialReport:
    """What the file turned out to be. Raises ModelRefused, whatever the child did.

    `whole` loads all of the model and decodes one token; else only the vocabulary is read.
    """
    shown = plain(shown_name, 80)
    limits = limits or TrialLimits.for_file(path.stat().st_size)
    report = _tried(path, None, shown, limits, whole).report
    return _present(report, shown)


def run_adapter_trial(
    path: Path, base: Path, shown_name: str, limits: TrialLimits | None = None
) -> AdapterReport:
    """The same for a LoRA adapter: it is put on the model in `base`, which decodes one token."""
    shown = plain(shown_name, 80)
    limits = limits or TrialLimits.for_file(path.stat().st_size + base.stat().st_size)
    return _present(_tried(path, base, shown, limits, whole=True).adapter, shown)


def _tried(
    path: Path, base: Path | None, shown: str, limits: TrialLimits, whole: bool
) -> TrialAnswer:
    child = _start(path.resolve(), base, limits, whole)
    try:
        said = _listen(child, time.monotonic() + limits.wall_seconds)
    finally:
        end_child(child)
    if said is None:
        raise ModelRefused(
            say(
                "%(file)s took too long to open or answered without end; do not use this file.",
                file=shown,
            )
        )
    return _believed(said, child.returncode, shown)


def _start(
    path: Path, base: Path | None, limits: TrialLimits, whole: bool
) -> "subprocess.Popen[bytes]":
    bounds = (limits.memory_bytes, limits.cpu_seconds, os.getpid())
    return start_child(_START, path, *bounds, int(whole), base.resolve() if base else "")


def _listen(child: "subprocess.Popen[bytes]", deadline: float) -> bytes | None:
    """All the child wrote; None when it wrote too much or for too long."""
    assert child.stdout is not None
    said = bytearray()
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([child.stdout], [], [], left)[0]:
            return None
        piece = os.read(child.stdout.fileno(), 65_536)
        if not piece:
            return bytes(said)
        said += piece
        if len(said) > _MAX_ANSWER_BYTES:
            return None
    return None


def _believed(said: bytes, status: int, shown: str) -> TrialAnswer:
    try:
        answer = msgspec.json.decode(said, type=TrialAnswer)
    except msgspec.DecodeError as error:
        raise ModelRefused(
            say(
                "%(file)s made the process that tried it end (%(reason)s); do not use this file.",
                file=shown,
                reason=ending(status),
            )
        ) from error
    if answer.report is None and answer.adapter is None:
        # The child says it in English; what is one of our sentences can be said anew.
        why = said_before(plain(answer.refusal, 300))
        raise ModelRefused(say("%(file)s was refused: %(why)s", file=shown, why=why))
    return answer


def _present(report: _Report | None, shown: str) -> _Report:
    """A report of the kind that was asked for."""
    if report is None:
        raise ModelRefused(say("%(file)s made its trial lie; do not use this file.", file=shown))
    return report
