"""A code that people write down and type again."""

import re

import pytest

from appliance.accounts.recovery_code import last_group, new_code, read_code
from appliance.errors import InvalidInput

CODE = new_code()


def test_a_code_has_six_groups_of_letters_that_look_like_no_others():
    assert re.fullmatch("([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}", CODE)
    assert len({new_code() for _ in range(100)}) == 100
    assert last_group(CODE) == CODE[-5:]


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
