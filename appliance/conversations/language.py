"""Which of the languages that need their own letter shapes, line breaks or words a text is in.

Neither a browser nor a small model can guess: Korean must not be broken inside words while Japanese
must, the same character is drawn differently in the two, and both answer in English when asked in
it.
"""

import re

HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
KANA = re.compile("[\u3041-\u30ff\uff66-\uff9f]")
_LETTER = re.compile(r"[^\W\d_]")

# Above this share a text is in the language, not only naming something in it.
_SHARE = 0.25


def language_of(text: str) -> str:
    """`ko`, `ja`, or nothing for all others."""
    for language, letters in (("ko", HANGUL), ("ja", KANA)):
        found = len(letters.findall(text))
        if found and found >= _SHARE * len(_LETTER.findall(text)):
            return language
    return ""
