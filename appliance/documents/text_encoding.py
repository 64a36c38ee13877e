"""What a text file is written in: told by its first bytes, as no file says it. Pure."""

import codecs
import re

SAMPLE_BYTES = 256 * 1024

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What is likely in each: of two that both decode, the one with more letters of its language is it.
_OF_ASIA = (
    ("cp949", re.compile(r"[\uac00-\ud7a3]")),
    ("cp932", re.compile(r"[\u3040-\u30fa\u30fc]")),
    ("euc_jp", re.compile(r"[\u3040-\u30fa\u30fc]")),
)
_LIKELY = 0.3
"""Of the characters beyond ASCII, how many are such letters at the least."""
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_MOST_CONTROLS = 0.01


def encoding_of(sample: bytes, is_whole: bool) -> str | None:
    """The encoding of a text that begins with `sample`; None for what is no text."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name
    found = _utf_16(sample) or _eight_bits(sample, is_whole)
    text = decoded(sample, found, is_whole)
    if text is None or len(_CONTROLS.findall(text)) > _MOST_CONTROLS * len(text):
        return None
    return found


def decoded(sample: bytes, encoding: str, is_whole: bool) -> str | None:
    """The text, where the bytes are one; a character that the sample cuts does not count."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(sample, is_whole)
    except UnicodeError:
        return None


def _utf_16(sample: bytes) -> str | None:
    """Latin text without a mark has a zero in every second byte."""
    pairs = max(1, len(sample) // 2)
    if sample[1::2].count(0) > 0.4 * pairs > sample[::2].count(0):
        return "utf-16-le"
    if sample[::2].count(0) > 0.4 * pairs > sample[1::2].count(0):
        return "utf-16-be"
    return None


def _eight_bits(sample: bytes, is_whole: bool) -> str:
    if decoded(sample, "utf-8", is_whole) is not None:
        return "utf-8"
    best, best_share = "cp1252", _LIKELY
    for name, letters in _OF_ASIA:
        text = decoded(sample, name, is_whole)
        if text is None:
            continue
        beyond = sum(char > "\x7f" for char in text)
        share = len(letters.findall(text)) / max(1, beyond)
        if share > best_share:
            best, best_share = name, share
    if best == "cp1252" and decoded(sample, best, is_whole) is None:
        return "latin-1"
    return best
