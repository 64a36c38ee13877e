"""Which language a piece of the page is in, for its `lang`."""

import re

from appliance.conversations.language import HANGUL, KANA, language_of

_TAG = re.compile("<[^>]*>")

__all__ = ["language_of", "language_of_html"]


def language_of_html(html: str) -> str:
    """`ko`, `ja`, or nothing, for rendered text: its tags do not count."""
    # Most replies have none of these letters, and looking for one is quick.
    if not HANGUL.search(html) and not KANA.search(html):
        return ""
    return language_of(_TAG.sub("", html))
