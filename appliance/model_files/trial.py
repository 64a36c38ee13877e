"""The child process that opens a model file for the first time. Its answer is one JSON line.

A hostile or broken file may crash it, stop it or make it lie. So it gives up everything that could
hurt before it looks (`child_limits.py`; what it needs is imported by then), and `trial_run.py`
believes only an answer of the right shape. Run as `main`, with: file, memory limit, processor
seconds, pid of the parent, 1 to load all of the model or 0 for the vocabulary alone, and, if the
file is a LoRA adapter, the model that it is for.
"""

import os
import sys
from pathlib import Path
from typing import Any

import msgspec

from appliance.errors import ApplianceError
from appliance.model_files.child_limits import give_up_all
from appliance.model_files.trial_model import TrialModel, read_adapter_metadata, read_metadata
from appliance.model_files.trial_report import (
    MAX_REPORT_TEXT,
    AdapterReport,
    TrialAnswer,
    TrialReport,
)
from appliance.sentences import say

_SAMPLE = (
    ("system", "You are a helpful assistant."),
    ("user", "Hello! <|im_end|> </s>"),
    ("assistant", "Hello, how can I help?"),
    ("user", "안녕하세요 こんにちは"),
)


def main() -> None:
    path, memory, cpu, parent, whole, base = sys.argv[1:7]
    give_up_all(int(memory), int(cpu), int(parent))
    try:
        if base:
            answer = TrialAnswer(adapter=_try_adapter(Path(path), Path(base)))
        else:
            answer = TrialAnswer(report=_try(Path(path), whole == "1"))
    except ApplianceError as error:
        answer = TrialAnswer(refusal=str(error)[:MAX_REPORT_TEXT])
    except Exception as error:
        # The outermost border of this process: whatever it is, the parent gets a sentence.
        answer = TrialAnswer(
            refusal=str(say("The file cannot be read (%(reason)s).", reason=type(error).__name__))
        )
    os.write(1, msgspec.json.encode(answer) + b"\n")
    # Not a normal end: freeing what a broken file led to allocate may crash after the answer.
    os._exit(0)


def _try(path: Path, whole: bool) -> TrialReport:
    metadata = read_metadata(path)
    vocabulary = TrialModel(path, vocabulary_only=True)
    template = vocabulary.chat_template()
    tokens, text, end_texts = vocabulary.render(template, _SAMPLE)
    if whole:
        TrialModel(path, vocabulary_only=False).decode_one(tokens[-1])
    return _report(metadata, template, len(tokens), text, end_texts)


def _try_adapter(path: Path, base: Path) -> AdapterReport:
    metadata = read_adapter_metadata(path)
    model = TrialModel(base, vocabulary_only=False)
    model.decode_one(model.first_token(), path)
    return AdapterReport(
        architecture=str(metadata.get("general.architecture", ""))[:MAX_REPORT_TEXT],
        title=str(metadata.get("general.name", ""))[:MAX_REPORT_TEXT],
        licence=str(metadata.get("general.license", ""))[:MAX_REPORT_TEXT],
    )


def _report(
    metadata: dict[str, Any], template: str, tokens: int, text: str, end_texts: tuple[str, ...]
) -> TrialReport:
    def words(key: str) -> str:
        return str(metadata.get(key, ""))[:MAX_REPORT_TEXT]

    return TrialReport(
        architecture=words("general.architecture"),
        title=words("general.name"),
        licence=words("general.license"),
        quantisation=words("quantisation"),
        context_tokens=metadata["context_tokens"],
        template=template,
        sample_tokens=tokens,
        sample_text=text[:MAX_REPORT_TEXT],
        end_texts=tuple(end[:MAX_REPORT_TEXT] for end in end_texts),
    )
