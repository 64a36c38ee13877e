"""What the model saw of a turn, for whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from aiosqlite import Connection

from appliance.conversations.conversation import Person
from appliance.conversations.prompt_parts import PromptPart, first_words, number, prompt_parts
from appliance.conversations.turn import Turn
from appliance.errors import NotFound
from appliance.prompting.fingerprints import text_digest
from appliance.prompting.pieces import MessagePiece, Piece, pieces_in
from appliance.sentences import say
from appliance.store import messages, quotable, turns
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class SeenPrompt:
    """A turn, how the message it answers begins, and what its prompt held."""

    turn: Turn
    asked: str
    parts: tuple[PromptPart, ...]


class SeenPrompts:
    """Reads them. `system_prompt` is the system text of now: of another one no words are known."""

    def __init__(self, database: Database, system_prompt: str) -> None:
        self._database = database
        self._system_prompt = system_prompt

    async def of_turn(self, person: Person, turn_id: str) -> SeenPrompt:
        """Raises NotFound."""
        async with self._database.read() as reader:
            turn = await turns.find(reader, person.person_key, turn_id)
            if turn is None:
                raise NotFound(
                    say("There is no such reply. Its conversation may have been deleted.")
                )
            # What was read fits into the context, and so it does into memory.
            kept = max(1, number(turn.prompt_record, "window_messages") or 1)
            branch = await messages.branch(
                reader, person.person_key, turn.conversation_id, turn.input_message_id, kept
            )
            quotes = await _quotes(reader, person, turn.prompt_record)
        parts = prompt_parts(turn.prompt_record, branch, self._system_words(turn.prompt_record))
        told = (replace(each, words=quotes.get(each.piece, each.words)) for each in parts)
        return SeenPrompt(turn, first_words(branch[-1].content), tuple(told))

    def _system_words(self, record: Mapping[str, object]) -> str:
        is_todays = record.get("system_digest") == text_digest(self._system_prompt)
        return first_words(self._system_prompt) if is_todays else ""


async def _quotes(
    reader: Connection, person: Person, record: Mapping[str, object]
) -> Mapping[Piece | None, str]:
    """How what was recalled begins, as far as it is still there."""
    pieces = [each for each in pieces_in(record) if isinstance(each, MessagePiece)]
    if not pieces:
        return {}
    ids = {each.message_id for each in pieces}
    said = await quotable.by_ids(reader, person.person_key, ids)
    return {
        each: first_words(said[each.message_id].content[each.start : each.start + each.chars])
        for each in pieces
        if each.message_id in said
    }
