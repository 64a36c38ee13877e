"""Checks of single settings; each raises ValueError with the reason in plain words.

A reason never holds a value that may be secret: the caller names the value where it may be shown.
"""

import ipaddress
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")


def not_a_bool(value: Any) -> Any:
    """Refuse `true` where a number is meant; it would count as 1."""
    if isinstance(value, bool):
        raise ValueError("true and false are not numbers")
    return value


def absolute_path(value: Any) -> Any:
    """The path without `~` and independent of the folder the server was started in."""
    if not isinstance(value, str | Path):
        return value  # the type itself is refused after this
    if "\0" in str(value) or not str(value).strip():
        raise ValueError("that is no path")
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:
        raise ValueError("there is no such home folder") from None


def listening_address(host: str) -> str:
    """An address of this machine, by number: a name may come to mean another one."""
    if host != "localhost" and not _is_address(host):
        raise ValueError("that is no address")
    return host


def networks(value: Any) -> Any:
    """A list of addresses and networks, or one text with commas as a variable holds it."""
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, list):
        raise ValueError("that is not a list of networks")
    try:
        return [ipaddress.ip_network(str(each).strip()) for each in found if str(each).strip()]
    except ValueError as error:
        raise ValueError(str(error)) from None


def host_names(value: Any) -> Any:
    """A list of names, or one text with commas as a variable holds it."""
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError("that is not a list of names")
    names = [name.strip().lower() for name in names if name.strip()]
    for name in names:
        # A wildcard would undo the defence against DNS rebinding.
        if not _HOST_NAME.fullmatch(name) and not _is_address(name):
            raise ValueError(f"{name!r} is no host name")
    return names


def valkey_url(url: SecretStr) -> SecretStr:
    """A URL that the Valkey client understands, with what it needs to find the server."""
    try:
        parts = urlsplit(url.get_secret_value())
        is_socket = parts.scheme == "unix" and parts.path.startswith("/")
        is_server = parts.scheme in ("redis", "rediss") and bool(parts.hostname)
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        is_socket = is_server = False
    if not is_socket and not is_server:
        raise ValueError("that is no address of a Valkey server")
    return url


def http_url(url: str) -> str:
    """The address of a server without what does not belong there, and without a last slash."""
    try:
        parts = urlsplit(url)
        is_server = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_plain = parts.username is None and not parts.query and not parts.fragment
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        is_server = is_plain = False
    if not is_server or not url.isprintable() or " " in url:
        raise ValueError("that is no address of a server")
    if not is_plain:
        raise ValueError("a key belongs into engine.url_key, and nothing follows the path")
    return url.rstrip("/")


def api_key(key: SecretStr) -> SecretStr:
    """A key that fits into a line of an HTTP request."""
    text = key.get_secret_value().strip()
    if not text or not all("!" <= char <= "~" for char in text):
        raise ValueError("that cannot be a key")
    return SecretStr(text)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def embedding_model(name: str) -> str:
    """One of the two that come with the box, or a folder by its whole path."""
    if name not in ("multilingual", "english") and not Path(name).is_absolute():
        raise ValueError("not multilingual, not english, and no absolute path")
    return name
