"""The ceiling: llama.cpp's own batched decode, without a server and without sampling."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.processes import bound_to_us
from benchmark.servers import BATCH_TOKENS, KV_TOKENS

_LIMIT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Ceiling:
    sequences: int
    decode_tokens_per_second: float


def measure(
    llama_server: Path, model: Path, threads: int, counts: Sequence[int], reply_tokens: int
) -> list[Ceiling]:
    """llama-batched-bench, which stands beside a llama-server that was built here.

    Raises BenchmarkError.
    """
    program = llama_server.with_name("llama-batched-bench")
    if not program.is_file():
        raise BenchmarkError(f"There is no {program.name} beside {llama_server}, so no ceiling.")
    command = [
        *(str(program), "--model", str(model), "--threads", str(threads)),
        *("--ctx-size", str(KV_TOKENS), "--kv-unified"),
        *("--batch-size", str(BATCH_TOKENS), "--ubatch-size", str(BATCH_TOKENS)),
        *("-npp", "256", "-pps", "-ntg", str(reply_tokens), "-npl", ",".join(map(str, counts))),
        *("--output-format", "jsonl"),
    ]
    try:
        done = subprocess.run(
            bound_to_us(command), capture_output=True, text=True, timeout=_LIMIT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{program.name} took longer than {_LIMIT_SECONDS} s.") from error
    ceilings = read(done.stdout)
    if not ceilings:
        raise BenchmarkError(f"{program.name} gave no figures: {done.stderr[-500:]}")
    return ceilings


def read(output: str) -> list[Ceiling]:
    """The figures among the lines that it prints."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [Ceiling(line["pl"], line["speed_tg"]) for line in lines]
