"""What may come in from outside, and the sentence for what may not. Pure."""

import re
import unicodedata

from appliance.errors import InvalidInput

_TITLE_CHARS = 120
_FOLDER_CHARS = 60
SUMMARY_CHARS = 4_000
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def accepted_content(content: str, limit_chars: int) -> str:
    """A message as it is stored: line ends unified, nothing else changed. Raises InvalidInput."""
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    check_text(content)
    if not content.strip():
        raise InvalidInput("The message is empty. Write something first.")
    if len(content) > limit_chars:
        raise InvalidInput(
            f"The message has {len(content):,} characters; at most {limit_chars:,} can be sent at "
            "once. Shorten it or send it in parts."
        )
    return content


def accepted_title(title: str) -> str:
    """One line without control characters. Raises InvalidInput."""
    check_text(title)
    line = _one_line(title)
    if not line:
        raise InvalidInput("A title needs at least one letter.")
    if len(line) > _TITLE_CHARS:
        raise InvalidInput(f"A title has at most {_TITLE_CHARS} characters; this has {len(line)}.")
    return line


def accepted_folder_name(name: str) -> str:
    """One line without control characters. Raises InvalidInput."""
    check_text(name)
    line = _one_line(name)
    if not line:
        raise InvalidInput("A folder needs a name of at least one letter.")
    if len(line) > _FOLDER_CHARS:
        raise InvalidInput(
            f"A folder's name has at most {_FOLDER_CHARS} characters; this has {len(line)}."
        )
    return line


def accepted_summary(content: str) -> str:
    """A summary in a person's own words, line ends unified. Raises InvalidInput."""
    content = content.replace("\r\n", "\n").replace("\r", "\n").strip()
    check_text(content)
    if not content:
        raise InvalidInput("The summary is empty. Write something, or delete it.")
    if len(content) > SUMMARY_CHARS:
        raise InvalidInput(
            f"The summary has {len(content):,} characters; at most {SUMMARY_CHARS:,} leave the "
            "conversation enough room. Shorten it."
        )
    return content


def accepted_client_id(client_message_id: str) -> str:
    """The page's own id of a message, which makes sending it twice harmless.

    Raises InvalidInput.
    """
    if not _CLIENT_ID.fullmatch(client_message_id):
        raise InvalidInput(
            "The message came without a valid id. Reload the page and send it again."
        )
    return client_message_id


def check_text(text: str) -> None:
    """Refuse what is not text. Raises InvalidInput."""
    if "\0" in text:
        raise InvalidInput("The text has a NUL byte in it, so it is not plain text. Remove it.")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput("The text has half a character in it (a lone surrogate). Remove it.")


def title_of(content: str) -> str:
    """The first line, shortened at a word, until somebody finds a better one."""
    line = _one_line(content.strip().splitlines()[0])
    if len(line) <= 60:
        return line or "…"
    cut = line[:60]
    return (cut.rsplit(" ", 1)[0] if " " in cut[30:] else cut).rstrip(" ,.;:") + "…"


def _one_line(text: str) -> str:
    shown = "".join(" " if unicodedata.category(char) == "Cc" else char for char in text)
    return " ".join(shown.split())
