"""A message as chunks: parts of a size that says one thing. Pure.

A short message is one chunk. A long one is cut where its own structure ends: between paragraphs,
else between sentences, else between words. What says nothing has no chunks: "Hi!" and "Thanks" are
near every greeting, and nobody wants to be reminded of them.
"""

import re
from collections.abc import Iterator

from appliance.recall.tokens import fold, runs_of

CHUNK_CHARS = 600
DENSE_CHARS = 240
"""The same for a text in a script that says more with each character."""
MOST_CHUNKS = 400
"""Of one message; whoever pastes a book has a library for it."""

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])")
_PARAGRAPH = re.compile(r"\n\s*\n")
_POLITE = """
hi hello hey hiya thanks thank you thx ok okay yes no yep nope sure please bye goodbye good morning
evening night cool great nice fine welcome there so much very lot a it is that and
안녕 안녕하세요 고마워 고마워요 고맙습니다 감사합니다 감사해요 네 예 응 아니 아니요 그래 좋아 좋아요
こんにちは こんばんは おはよう おはようございます ありがとう ありがとうございます はい いいえ うん
hallo danke bitte ja nein gut guten tag morgen abend
"""
_SAYING_NOTHING = frozenset(_POLITE.split())


def chunks_of(text: str) -> list[str]:
    """The parts of a message that can be recalled; none when it says nothing."""
    if says_nothing(text):
        return []
    limit = DENSE_CHARS if is_dense(text) else CHUNK_CHARS
    chunks: list[str] = []
    for piece in _pieces(text.strip(), limit):
        if chunks and len(chunks[-1]) + len(piece) < limit:
            chunks[-1] += "\n" + piece
        else:
            chunks.append(piece)
        if len(chunks) > MOST_CHUNKS:
            break
    return chunks[:MOST_CHUNKS]


def says_nothing(text: str) -> bool:
    """Whether these are words of greeting, of thanks and the like, or none at all."""
    return all(run.text in _SAYING_NOTHING for run in runs_of(fold(text[:200])))


def _pieces(text: str, limit: int) -> Iterator[str]:
    """Paragraphs, and what longer ones consist of; none longer than the limit."""
    for paragraph in _PARAGRAPH.split(text):
        if len(paragraph) <= limit:
            yield from [paragraph.strip()] if paragraph.strip() else []
            continue
        sentence = ""
        for part in _SENTENCE_END.split(paragraph):
            if sentence and len(sentence) + len(part) >= limit:
                yield from _words(sentence, limit)
                sentence = ""
            sentence = f"{sentence} {part}".strip()
        yield from _words(sentence, limit)


def _words(text: str, limit: int) -> Iterator[str]:
    while len(text) > limit:
        cut = text.rfind(" ", limit // 2, limit)
        cut = cut if cut > 0 else limit
        yield text[:cut].strip()
        text = text[cut:].strip()
    if text:
        yield text


def is_dense(text: str) -> bool:
    """Whether its script says more with each character, as Korean and Japanese do."""
    start = text[:400]
    return sum(char > "ᄀ" for char in start) * 3 > len(start)
