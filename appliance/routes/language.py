"""Which of the languages that need their own line breaks and letter shapes a text is in.

A browser cannot guess: Korean must not be broken inside words while Japanese must, and the same
character is drawn differently in the two.
"""

import re

_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")
_KANA = re.compile("[\u3041-\u30ff\uff66-\uff9f]")
_TAG = re.compile("<[^>]*>")
_LETTER = re.compile(r"[^\W\d_]")

# Above this share a text is in the language, not only naming something in it.
_SHARE = 0.25


def language_of(text: str) -> str:
    """`ko`, `ja`, or nothing for all others."""
    for language, letters in (("ko", _HANGUL), ("ja", _KANA)):
        found = len(letters.findall(text))
        if found and found >= _SHARE * len(_LETTER.findall(text)):
            return language
    return ""


def language_of_html(html: str) -> str:
    """The same for rendered text: its tags do not count."""
    # Most replies have none of these letters, and looking for one is quick.
    if not _HANGUL.search(html) and not _KANA.search(html):
        return ""
    return language_of(_TAG.sub("", html))
