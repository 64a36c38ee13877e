"""How many tokens a text has at most, roughly, when nobody can be asked. Pure.

Errs on the long side: too long a count drops an old message early, which the record tells; too
short a one would have the server refuse the prompt.
"""

import re

# A word, with the one blank before it, which belongs to it; more blanks; everything else.
_PIECES = re.compile(r" ?([A-Z]?[a-z]+)|( +)|(.)", re.DOTALL)
_LETTERS_A_TOKEN = 3
_BLANKS_A_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """Three letters of a word to a token; digits, signs and capitals one each; anything that is not
    ASCII (CJK, emoji, accents) as many as its bytes, which no byte-based vocabulary exceeds.
    """
    total = 1 if text else 0
    for word, blanks, other in _PIECES.findall(text):
        total += -(-len(word) // _LETTERS_A_TOKEN) - (-len(blanks) // _BLANKS_A_TOKEN)
        total += len(other.encode("utf-8", "surrogatepass"))
    return total
