"""Where the words stand that replies were given to read: what a page shows under them."""

from collections.abc import Iterable, Mapping

from aiosqlite import Connection

from appliance.conversations.conversation import Person
from appliance.conversations.opened import RecalledFrom
from appliance.conversations.turn import Turn
from appliance.prompting.pieces import DocumentPiece, MessagePiece, Piece, pieces_in
from appliance.store import quotable, quoted_documents


async def recalled_from(
    reader: Connection, person: Person, turns: Iterable[Turn]
) -> Mapping[str, tuple[RecalledFrom, ...]]:
    """By turn id; each conversation or passage once, and none that is gone. Two queries at most."""
    pieces = {turn.turn_id: pieces_in(turn.prompt_record) for turn in turns}
    pieces = {turn_id: found for turn_id, found in pieces.items() if found}
    titles = await _titles(reader, person, pieces)
    found: dict[str, tuple[RecalledFrom, ...]] = {}
    for turn_id, each in pieces.items():
        sources = {_place(piece): _source(piece, titles) for piece in reversed(each)}
        if there := tuple(source for source in reversed(sources.values()) if source is not None):
            found[turn_id] = there
    return found


async def _titles(
    reader: Connection,
    person: Person,
    pieces: Mapping[str, tuple[Piece, ...]],
) -> Mapping[str, str]:
    all_of_them = [piece for found in pieces.values() for piece in found]
    ids = {each.conversation_id for each in all_of_them if isinstance(each, MessagePiece)}
    documents = {each.document_id for each in all_of_them if isinstance(each, DocumentPiece)}
    key = person.person_key
    titles = await quotable.titles(reader, key, ids) if ids else {}
    names = await quoted_documents.names(reader, key, documents) if documents else {}
    return {**titles, **names}


def _place(piece: Piece) -> tuple[str, int]:
    if isinstance(piece, MessagePiece):
        return piece.conversation_id, 0
    return piece.document_id, piece.passage


def _source(piece: Piece, titles: Mapping[str, str]) -> RecalledFrom | None:
    if isinstance(piece, DocumentPiece):
        if (name := titles.get(piece.document_id)) is None:
            return None
        return RecalledFrom(name, document_id=piece.document_id, passage=piece.passage)
    if (title := titles.get(piece.conversation_id)) is None:
        return None
    return RecalledFrom(title, piece.conversation_id, piece.message_id)
