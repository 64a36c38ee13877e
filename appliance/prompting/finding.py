"""What of everything that was recalled goes with a message: as much as the budget has room for.

A reply is of little use without its question, and a question without its reply; so the neighbour on
that side comes along where there is room.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from appliance.conversations.conversation import Person, Role
from appliance.prompting.material import (
    Passage,
    document_origin,
    message_origin,
    passages_words,
)
from appliance.prompting.pieces import DocumentPiece, MessagePiece, Piece
from appliance.recall.found import DocumentSource, MessageSource, Recalled
from appliance.store.quotable import Quotable

MOST_PASSAGES = 6
_NEIGHBOUR_CHARS = 300
_LEAST_CHARS = 40


class Recalls(Protocol):
    """Finds what a person said before, and what stands in their documents."""

    async def search(
        self,
        person: Person,
        text: str,
        k: int = 8,
        *,
        without: str | None = None,
        conversation: str | None = None,
    ) -> tuple[Recalled, ...]:
        """The best first; nothing when all is too far from the question."""
        ...


def message_ids(found: Iterable[Recalled]) -> list[str]:
    """Those whose words are wanted, and their neighbours'."""
    sources = (each.source for each in found)
    return [source.message_id for source in sources if isinstance(source, MessageSource)]


def chosen(
    found: Sequence[Recalled],
    said: Mapping[str, Quotable],
    told: Iterable[Piece],
    count: Callable[[str], int],
    most_tokens: int,
) -> tuple[Passage, ...]:
    """The best of them that fit into so many tokens, each with how many it has.

    What the prompt has already, `told`, is not said twice. `said` are the messages around them.
    """
    passages: list[Passage] = []
    places = {_place(piece) for piece in told}
    left = most_tokens - count(passages_words([_BARE]))
    for found_one, neighbours in _candidates(found, said):
        fitted: list[Passage] = []
        for passage in (found_one, *neighbours):
            if len(passages) + len(fitted) >= MOST_PASSAGES or _place(passage.piece) in places:
                continue
            if (shortened := _fitted(passage, count, left)) is None:
                continue
            fitted.append(shortened)
            places.add(_place(passage.piece))
            left -= shortened.piece.tokens
        # What was said first stands first: a question before its reply.
        passages += sorted(fitted, key=lambda each: not each.is_own)
    return tuple(passages)


_NOWHERE = DocumentPiece("", 0, 0)


def _candidates(
    found: Sequence[Recalled], said: Mapping[str, Quotable]
) -> Iterator[tuple[Passage, list[Passage]]]:
    """Each with its neighbour, if it has one that helps."""
    for each in found:
        if isinstance(each.source, DocumentSource):
            yield _of_document(each, each.source), []
            continue
        here = said.get(each.source.message_id)
        passage = _of_message(here, each.text) if here is not None else None
        if here is None or passage is None:
            continue
        if here.role is Role.ASSISTANT:
            yield passage, _beside(said.get(here.parent_id or ""), each.before)
        else:
            replies = [one for one in said.values() if one.parent_id == here.message_id]
            yield passage, [beside for one in replies for beside in _beside(one, each.after)][:1]


def _of_document(each: Recalled, source: DocumentSource) -> Passage:
    piece = DocumentPiece(source.document_id, source.passage, len(each.text))
    return Passage(piece, document_origin(source.name, source.page, source.heading), each.text)


def _of_message(message: Quotable, words: str) -> Passage | None:
    """None when these words are not in it any more."""
    start = message.content.find(words)
    if not words or start < 0:
        return None
    return quoted_from(message, start, len(words))


def quoted_from(message: Quotable, start: int, chars: int) -> Passage:
    """A piece of a message as the prompt quotes it."""
    piece = MessagePiece(message.conversation_id, message.message_id, start, chars)
    origin = message_origin(is_own=message.role is Role.USER, said_at=message.created_at)
    words = message.content[start : start + chars]
    return Passage(piece, origin, words, is_own=message.role is Role.USER)


def _beside(message: Quotable | None, words: str) -> list[Passage]:
    """The neighbour, as far as its words are there."""
    if message is None or not words:
        return []
    passage = _of_message(message, words[:_NEIGHBOUR_CHARS])
    return [passage] if passage is not None else []


def _fitted(passage: Passage, count: Callable[[str], int], left: int) -> Passage | None:
    """The passage, shortened at its end where it has to be; None when there is no room."""
    chars = len(passage.text)
    while chars >= min(_LEAST_CHARS, len(passage.text)) and chars > 0:
        shortened = replace(passage, text=passage.text[:chars])
        tokens = count(passages_words([shortened])) - count(passages_words([_BARE]))
        if tokens <= left:
            return replace(shortened, piece=replace(passage.piece, chars=chars, tokens=tokens))
        chars = min(chars - 1, chars * max(0, left) // tokens)
    return None


_BARE = Passage(_NOWHERE, "", "")


def _place(piece: Piece) -> tuple[str, int]:
    if isinstance(piece, MessagePiece):
        return piece.message_id, piece.start
    return piece.document_id, piece.passage
