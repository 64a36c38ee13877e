"""Where a passphrase comes from: a file, the settings (a systemd credential among them), or whoever
sits at the terminal. Never an argument: others of the machine read those.
"""

import sys
from pathlib import Path

import click

from appliance.errors import InvalidInput
from appliance.settings import Settings

_MOST_CHARS = 1000


def given(settings: Settings, file: Path | None) -> str | None:
    """What the file or the settings say; None when there is none. Raises InvalidInput."""
    # Late: the store takes a while to import, and the other commands do without.
    from appliance.backups.usual import usual

    if file is not None:
        try:
            return checked(file.read_text().rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise InvalidInput(f"The passphrase in {file} cannot be read: {reason}.") from error
    words = usual(settings).passphrase
    return None if words is None else checked(words)


def asked(*, is_new: bool) -> str:
    """Typed at the terminal, twice if it is a new one. Raises InvalidInput where there is none."""
    if not sys.stdin.isatty():
        raise InvalidInput("Nobody can be asked here: name a file with --passphrase-file.")
    return checked(click.prompt("Passphrase", hide_input=True, confirmation_prompt=is_new))


def checked(passphrase: str) -> str:
    """Raises InvalidInput for one that cannot be one."""
    if not passphrase or len(passphrase) > _MOST_CHARS or "\0" in passphrase:
        raise InvalidInput(f"A passphrase has from 1 to {_MOST_CHARS} characters, in one line.")
    return passphrase
