"""Codes on paper, for when the phone that shows the others is away. Pure.

Sixteen letters and digits without those that look like others: 80 bits, so that nobody finds one
from its hash.
"""

import re
import secrets

from appliance.accounts.random_keys import key_hash
from appliance.accounts.recovery_code import READ_AS

NUMBER = 8
# Crockford's base 32: no I, L, O and U.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH, _GROUP = 16, 4


def new_codes() -> tuple[str, ...]:
    """As many as somebody has at first."""
    return tuple(_new_code() for _ in range(NUMBER))


def read_code(typed: str) -> str | None:
    """The code that was meant, however its groups were typed; None for what can be none."""
    letters = re.sub(r"[\s\-‐-―_.]", "", typed).upper().translate(READ_AS)
    if len(letters) != _LENGTH or set(letters) - set(_LETTERS):
        return None
    return _grouped(letters)


def code_hash(code: str) -> bytes:
    """What is stored of one."""
    return key_hash(code)


def _new_code() -> str:
    return _grouped("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)))


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
