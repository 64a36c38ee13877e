"""Where somebody wanted to go before they were asked to sign in."""

from urllib.parse import urlsplit

HOME = "/"
_LONGEST = 2000


def inside(asked: str) -> str:
    """That page, if it is one of this box; else the first one. Nothing leads to another site."""
    if len(asked) > _LONGEST or not asked.startswith("/") or asked.startswith("//"):
        return HOME
    # Browsers read a backslash as a slash, and leave out line breaks and tabs.
    if "\\" in asked or not asked.isprintable() or not asked.isascii():
        return HOME
    try:
        parts = urlsplit(asked)
    except ValueError:
        return HOME
    is_own = not parts.scheme and not parts.netloc
    is_door = parts.path in ("/sign-in", "/sign-out")
    return asked if is_own and not is_door else HOME
