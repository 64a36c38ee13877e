"""What may come in from outside, and the sentence for what may not. Pure."""

import re
import unicodedata

from appliance.errors import InvalidInput
from appliance.sentences import say

_TITLE_CHARS = 120
_FOLDER_CHARS = 60
SUMMARY_CHARS = 4_000
FACT_CHARS = 160
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


def accepted_content(content: str, limit_chars: int) -> str:
    """A message as it is stored: line ends unified, nothing else changed. Raises InvalidInput."""
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    check_text(content)
    if not content.strip():
        raise InvalidInput(say("The message is empty. Write something first."))
    if len(content) > limit_chars:
        raise InvalidInput(
            say(
                "The message has %(count)s characters; at most %(most)s can be sent at once. "
                "Shorten it or send it in parts.",
                count=len(content),
                most=limit_chars,
            )
        )
    return content


def accepted_title(title: str) -> str:
    """One line without control characters. Raises InvalidInput."""
    check_text(title)
    line = _one_line(title)
    if not line:
        raise InvalidInput(say("A title needs at least one letter."))
    if len(line) > _TITLE_CHARS:
        raise InvalidInput(
            say(
                "A title has at most %(most)s characters; this has %(count)s.",
                most=_TITLE_CHARS,
                count=len(line),
            )
        )
    return line


def accepted_folder_name(name: str) -> str:
    """One line without control characters. Raises InvalidInput."""
    check_text(name)
    line = _one_line(name)
    if not line:
        raise InvalidInput(say("A folder needs a name of at least one letter."))
    if len(line) > _FOLDER_CHARS:
        raise InvalidInput(
            say(
                "A folder's name has at most %(most)s characters; this has %(count)s.",
                most=_FOLDER_CHARS,
                count=len(line),
            )
        )
    return line


def accepted_summary(content: str) -> str:
    """A summary in a person's own words, line ends unified. Raises InvalidInput."""
    content = content.replace("\r\n", "\n").replace("\r", "\n").strip()
    check_text(content)
    if not content:
        raise InvalidInput(say("The summary is empty. Write something, or delete it."))
    if len(content) > SUMMARY_CHARS:
        raise InvalidInput(
            say(
                "The summary has %(count)s characters; at most %(most)s leave the conversation "
                "enough room. Shorten it.",
                count=len(content),
                most=SUMMARY_CHARS,
            )
        )
    return content


def accepted_fact(content: str) -> str:
    """A sentence about oneself, as one line. Raises InvalidInput."""
    check_text(content)
    line = _one_line(content)
    if not line:
        raise InvalidInput(say("Nothing is written there. Write a sentence, or delete it."))
    if len(line) > FACT_CHARS:
        raise InvalidInput(
            say(
                "This has %(count)s characters; at most %(most)s are remembered as one fact. "
                "Shorten it.",
                count=len(line),
                most=FACT_CHARS,
            )
        )
    return line


def accepted_client_id(client_message_id: str) -> str:
    """The page's own id of a message, which makes sending it twice harmless.

    Raises InvalidInput.
    """
    if not _CLIENT_ID.fullmatch(client_message_id):
        raise InvalidInput(
            say("The message came without a valid id. Reload the page and send it again.")
        )
    return client_message_id


def check_text(text: str) -> None:
    """Refuse what is not text. Raises InvalidInput."""
    if "\0" in text:
        raise InvalidInput(
            say("The text has a NUL byte in it, so it is not plain text. Remove it.")
        )
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput(
            say("The text has half a character in it (a lone surrogate). Remove it.")
        )


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
