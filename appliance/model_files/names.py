"""Names of models, and words of strangers made fit to be shown."""

import re

from appliance.errors import ModelMissing
from appliance.sentences import say

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def check_name(name: str) -> str:
    """The name, if it can be one. Names are looked up in tables and never become paths."""
    if not _NAME.fullmatch(name):
        raise ModelMissing(
            say(
                "%(name)s cannot be the name of a model: use small letters, digits, '.', '_' and "
                "'-', and begin with a letter or digit.",
                name=repr(plain(name, 60)),
            )
        )
    return name


def name_for(file_name: str) -> str:
    """A model name made of a file's."""
    stem = file_name.lower().removesuffix(".gguf")
    return re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")[:100] or "model"


def plain(text: str, limit: int) -> str:
    """One line without control, bidirectional or other unprintable characters, cut to `limit`.

    What a model file says of itself could otherwise write over the terminal it is shown in.
    """
    line = "".join(char if char.isprintable() else " " for char in text[: limit * 2])
    line = " ".join(line.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
