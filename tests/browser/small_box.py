"""A whole box but for its model, which holds very little and reads one character a token."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from fakes import ScriptedBackend
from serving import serving

NOTHING_BESIDE = {"titles": False, "summaries": False}


def small_box(
    data_dir: Path,
    reply: Callable[[Any], str],
    context_tokens: int = 500,
    assistant: dict[str, Any] = NOTHING_BESIDE,
    **sections: Any,
) -> AbstractContextManager[str]:
    """Its address. Nothing is asked beside turns unless a test says so."""
    backend = ScriptedBackend(reply, context_tokens=context_tokens)
    return serving(data_dir, backend, assistant=assistant, **sections)
