"""Where recalled words stand, as the record of a prompt keeps it: ids and numbers, and no word.

The words are read from their place whenever they are needed. So deleting a message or a document
deletes them from every prompt to come, and nobody has to look for copies. Pure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

MOST_PIECES = 32
_MOST_CHARS = 100_000
_ID_CHARS = 80


@dataclass(frozen=True, slots=True)
class MessagePiece:
    """So many characters of a message, from `start` on."""

    conversation_id: str
    message_id: str
    start: int
    chars: int
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class DocumentPiece:
    """The beginning of a passage of a document."""

    document_id: str
    passage: int
    chars: int
    tokens: int = 0


Piece = MessagePiece | DocumentPiece
Record = Mapping[str, object]


def pieces_in(record: Record) -> tuple[Piece, ...]:
    """What was recalled for a turn, from its record; a file may have brought anything there."""
    kept = record.get("recalled")
    found = [_piece(each) for each in kept[:MOST_PIECES]] if isinstance(kept, list) else []
    return tuple(piece for piece in found if piece is not None)


def facts_in(record: Record) -> tuple[str, ...]:
    """The ids of the facts that were told with a turn's message."""
    kept = record.get("facts")
    return tuple(filter(_is_id, kept[:MOST_PIECES])) if isinstance(kept, list) else ()


def kept(pieces: tuple[Piece, ...]) -> list[dict[str, object]]:
    """The other way round."""
    return [asdict(piece) for piece in pieces]


def _piece(value: object) -> Piece | None:
    match value:
        case {
            "conversation_id": conversation_id,
            "message_id": message_id,
            "start": start,
            "chars": chars,
        } if _is_id(conversation_id) and _is_id(message_id) and _is_at(start) and _is_at(chars):
            return MessagePiece(conversation_id, message_id, start, chars, _tokens(value))
        case {"document_id": document_id, "passage": passage, "chars": chars} if (
            _is_id(document_id) and _is_at(passage) and _is_at(chars)
        ):
            return DocumentPiece(document_id, passage, chars, _tokens(value))
        case _:
            return None


def _is_id(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _ID_CHARS


def _is_at(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MOST_CHARS


def _tokens(value: object) -> int:
    tokens = value.get("tokens") if isinstance(value, dict) else 0
    return tokens if type(tokens) is int and 0 <= tokens <= _MOST_CHARS else 0
