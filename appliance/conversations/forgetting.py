"""Delete means delete: what there is of words besides their rows."""

from collections.abc import Iterable

from appliance.conversations.conversation import Person
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.turn_runner import TurnRunner
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.store.database import Database


class Forgetting:
    """Knows every place outside the tables that may hold words of a conversation."""

    def __init__(
        self,
        database: Database,
        runner: TurnRunner,
        window: RecentWindow,
        token_stream: TokenStream,
        read_ahead: ReadAhead,
    ) -> None:
        self._database = database
        self._runner = runner
        self._window = window
        self._token_stream = token_stream
        self._read_ahead = read_ahead

    async def forget(self, person: Person, conversation_id: str, turn_ids: Iterable[str]) -> None:
        """Call it when the rows are gone, with the turns that were deleted and may still be told.

        Raises EngineError when something of it is left.
        """
        await self._database.truncate_wal()
        await self._read_ahead.end(person)
        await self._runner.forget_words(person, conversation_id)
        await self._window.forget(conversation_id)
        for turn_id in turn_ids:
            await self._token_stream.forget(turn_id)
