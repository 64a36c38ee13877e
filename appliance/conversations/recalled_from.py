"""Where the words stand that replies were given to read: what a page shows under them."""

from collections.abc import Iterable, Mapping

from aiosqlite import Connection

from appliance.conversations.conversation import Person
from appliance.conversations.opened import RecalledFrom
from appliance.conversations.turn import Turn
from appliance.prompting.pieces import DocumentPiece, MessagePiece, Piece, pieces_in
from appliance.store import quotable, quoted_documents

Place = tuple[str, int]
"""A conversation, or a document and the number of a passage."""
Known = tuple[str, int | None]


async def recalled_from(
    reader: Connection, person: Person, turns: Iterable[Turn]
) -> Mapping[str, tuple[RecalledFrom, ...]]:
    """By turn id; each conversation or passage once, and none that is gone. Two queries at most."""
    pieces = {turn.turn_id: pieces_in(turn.prompt_record) for turn in turns}
    pieces = {turn_id: found for turn_id, found in pieces.items() if found}
    known = await _known(reader, person, pieces)
    found: dict[str, tuple[RecalledFrom, ...]] = {}
    for turn_id, each in pieces.items():
        sources = {_place(piece): _source(piece, known) for piece in reversed(each)}
        if there := tuple(source for source in reversed(sources.values()) if source is not None):
            found[turn_id] = there
    return found


async def _known(
    reader: Connection,
    person: Person,
    pieces: Mapping[str, tuple[Piece, ...]],
) -> Mapping[Place, Known]:
    """The title of each place, and the page where it has one; without those that are gone."""
    all_of_them = [piece for found in pieces.values() for piece in found]
    ids = {each.conversation_id for each in all_of_them if isinstance(each, MessagePiece)}
    documents = {_place(each) for each in all_of_them if isinstance(each, DocumentPiece)}
    key = person.person_key
    titles = await quotable.titles(reader, key, ids) if ids else {}
    passages = await quoted_documents.places(reader, key, documents) if documents else {}
    return {**{(id_, 0): (title, None) for id_, title in titles.items()}, **passages}


def _place(piece: Piece) -> Place:
    if isinstance(piece, MessagePiece):
        return piece.conversation_id, 0
    return piece.document_id, piece.passage


def _source(piece: Piece, known: Mapping[Place, Known]) -> RecalledFrom | None:
    place = _place(piece)
    if place not in known:
        return None
    title, page = known[place]
    if isinstance(piece, DocumentPiece):
        return RecalledFrom(title, document_id=piece.document_id, passage=piece.passage, page=page)
    return RecalledFrom(title, piece.conversation_id, piece.message_id)
