"""The code that opens a sealed account when its password is forgotten. Pure.

Six groups of five, without letters that look like others: 28 characters of chance, 140 bits, and
two by which a slip of the pen is noticed.
"""

import re
import secrets
from hashlib import blake2b

from appliance.errors import InvalidInput
from appliance.sentences import say

# Crockford's base 32: no I, L, O and U.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHANCE, _CHECK, _GROUP = 28, 2, 5
READ_AS = str.maketrans("OIL", "011")

_NOT_A_CODE = say(
    "A recovery code has 30 letters and digits in six groups, such as 7K2M9-…. Type all of it, as "
    "it was shown when the account was sealed."
)
_SLIP = say(
    "That is not the code as it was shown: at least one letter or digit is another one. Compare it "
    "with your note, group by group."
)


def new_code() -> str:
    """One that nobody has."""
    chance = "".join(secrets.choice(_LETTERS) for _ in range(_CHANCE))
    return _grouped(chance + _check_of(chance))


def read_code(typed: str) -> str:
    """The code that was meant, however its groups were typed. Raises InvalidInput."""
    letters = re.sub(r"[\s\-‐-―_.]", "", typed).upper().translate(READ_AS)
    if len(letters) != _CHANCE + _CHECK or set(letters) - set(_LETTERS):
        raise InvalidInput(_NOT_A_CODE)
    if _check_of(letters[:_CHANCE]) != letters[_CHANCE:]:
        raise InvalidInput(_SLIP)
    return _grouped(letters)


def last_group(code: str) -> str:
    """What is asked for to see that the code was written down."""
    return code[-_GROUP:]


def _grouped(letters: str) -> str:
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def _check_of(chance: str) -> str:
    """A digest: any one letter that differs, or two that changed places, show in 1,023 of 1,024."""
    number = int.from_bytes(blake2b(chance.encode(), digest_size=2).digest())
    return _LETTERS[number >> 5 & 31] + _LETTERS[number & 31]
