"""A code that people write down and type again."""

import re

import pytest

from appliance.accounts.recovery_code import last_group, new_code, read_code
from appliance.errors import InvalidInput

CODE = "B3M31-E4X73-NCDXP-PK0PA-XDY0G-7M3R1"
"""One of those that `new_code` has made."""


def test_a_code_has_six_groups_of_letters_that_look_like_no_others():
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    for code in codes:
        assert re.fullmatch("([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}", code)
        assert read_code(code) == code
        assert last_group(code) == code[-5:]


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        CODE.lower(),
        CODE.replace("-", " "),
        f"  {CODE.replace('-', '')}\n",
        CODE.replace("-", " – "),
        CODE.replace("0", "O").replace("1", "l"),
        CODE.replace("0", "o").replace("1", "I"),
    ],
)
def test_however_it_is_typed_it_is_the_same_code(typed):
    assert read_code(typed) == CODE


@pytest.mark.parametrize("typed", ["", "tea", CODE[:-1], CODE + "7", CODE.replace(CODE[3], "!")])
def test_what_is_no_code_is_told_apart_from_a_wrong_one(typed):
    with pytest.raises(InvalidInput, match="30 letters and digits"):
        read_code(typed)


def test_a_slip_of_the_pen_is_told():
    """Each letter another one: of some 900 wrong codes, hardly one looks right by chance."""
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    taken = 0
    for at, right in enumerate(CODE):
        for letter in set(letters) - {right} if right != "-" else ():
            try:
                read_code(CODE[:at] + letter + CODE[at + 1 :])
                taken += 1
            except InvalidInput as error:
                assert "another one" in str(error)
    assert taken < 20
