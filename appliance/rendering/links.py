"""Which links a reply may hold, and what is shown of where they lead.

A link is the one way left by which a reply can carry words out of the box: a person has to click
it, and so has to see where it goes.
"""

import re
from urllib.parse import SplitResult, urlsplit

SCHEMES = frozenset({"http", "https", "mailto"})
# markdown-it has written international names in ASCII by now.
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")


def is_allowed_link(url: str) -> bool:
    """Whether the URL is absolute and of a scheme that only a click can follow."""
    parts = _split(url)
    if parts is None or parts.scheme not in SCHEMES:
        return False
    # "https:/host" and "https:host" are no URLs by the book, but browsers go there.
    if parts.scheme == "mailto":
        return bool(parts.path)
    return _HOST.fullmatch(parts.hostname or "") is not None


def destination(url: str) -> str:
    """Where the link leads, in a few characters: the host, or the address of a letter."""
    parts = _split(url)
    if parts is None:
        return ""
    return parts.path if parts.scheme == "mailto" else parts.hostname or ""


def speaks_for_itself(url: str, text: str) -> bool:
    """Whether the link's text already shows where it leads."""
    parts = _split(url)
    # In http://bank.example@elsewhere.example the first name is not the host.
    return parts is not None and "@" not in parts.netloc and text == url


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises where a browser and this parser could disagree about the host
    except ValueError:
        return None
    return parts
