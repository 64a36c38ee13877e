"""Names of accounts: how they are written, and when two of them are the same.

A name is shown to others, so it must not pretend to be another one: no invisible or control
characters, no marks that turn the direction of writing, no letters of one script among those of
another. Two names that differ only in case, width or letters that look alike are one name.
"""

import unicodedata

from appliance.errors import InvalidInput

LONGEST = 40

_SIGNS = frozenset(" -_.'’·・")
# Scripts that people write together in one name.
_TOGETHER = (
    {"LATIN", "HAN", "HIRAGANA", "KATAKANA"},
    {"LATIN", "HAN", "HANGUL"},
    {"LATIN", "HAN", "BOPOMOFO"},
)
# Letters of small alphabets that pass for Latin ones.
_LOOKS_LIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝвкмнтӏ" + "αοινρτυκχ" + "ı",
    "aeopcyxijshdqwbkmhtl" + "aoivptukx" + "i",
)

EMPTY = "Give a name of one to 40 letters."
UNSEEN = "The name holds a character that cannot be seen, or that turns the writing. Type it anew."
SIGNS = "A name has letters, digits, blanks and - _ . ' only. Leave out the rest."
MIXED = "The name mixes alphabets whose letters look alike. Write it in one of them."


def account_name(typed: str) -> str:
    """The name as it is kept and shown. Raises InvalidInput with what to do."""
    name = " ".join(unicodedata.normalize("NFKC", _seen(typed)).split())
    if not name or len(name) > LONGEST:
        raise InvalidInput(EMPTY)
    if not all(character in _SIGNS or _is_of_words(character) for character in name):
        raise InvalidInput(SIGNS)
    if not any(character.isalnum() for character in name) or unicodedata.combining(name[0]):
        raise InvalidInput(EMPTY)
    scripts = {_script(character) for character in name if character.isalpha()}
    if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
        raise InvalidInput(MIXED)
    return name


def name_key(name: str) -> str:
    """By what names are compared: the same for any that could be taken for each other."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(folded.translate(_LOOKS_LIKE).split())


def _seen(typed: str) -> str:
    """The same without blanks around it. Raises InvalidInput for what nobody sees."""
    trimmed = typed.strip()
    if len(trimmed) > 10 * LONGEST:
        raise InvalidInput(EMPTY)
    if any(unicodedata.category(each) in _UNSEEN for each in trimmed):
        raise InvalidInput(UNSEEN)
    return trimmed


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _is_of_words(character: str) -> bool:
    return unicodedata.category(character) in {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd"}


def _script(letter: str) -> str:
    """By the name that Unicode gives the letter, which begins with its script."""
    script = unicodedata.name(letter, "").split(" ")[0]
    return {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "HALFWIDTH": "KATAKANA"}.get(script, script)
