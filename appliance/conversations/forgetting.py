"""Delete means delete: what there is of words besides their rows."""

from collections.abc import Awaitable, Callable, Iterable

from appliance.conversations.conversation import Person
from appliance.conversations.deleted import DeleteReceipt
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.turn_runner import TurnRunner
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.store import prompt_records
from appliance.store.database import Database


async def nothing_beside() -> None:
    """For whoever keeps nothing beside the tables."""


class Forgetting:
    """Knows every place outside the tables that may hold words of a conversation."""

    def __init__(
        self,
        database: Database,
        runner: TurnRunner,
        window: RecentWindow,
        token_stream: TokenStream,
        read_ahead: ReadAhead,
        sweep_files: Callable[[], Awaitable[None]] = nothing_beside,
    ) -> None:
        self._database = database
        self._runner = runner
        self._window = window
        self._token_stream = token_stream
        self._read_ahead = read_ahead
        self._sweep_files = sweep_files

    async def forget(
        self, person: Person, conversation_id: str, turn_ids: Iterable[str], facts: int = 0
    ) -> DeleteReceipt:
        """Call it when the rows are gone, with the turns that were deleted and may still be told,
        and how many facts went with them.

        Returns what else went. Raises EngineError when something of it is left.
        """
        await self._database.truncate_wal()
        await self._sweep_files()
        await self._read_ahead.end(person)
        kv_states = await self._forget_states(person, conversation_id, has_facts=facts > 0)
        hot_entries = await self._window.forget(conversation_id)
        hot_entries += await self._token_stream.forget(*turn_ids)
        return DeleteReceipt(0, 0, 0, hot_entries=hot_entries, kv_states=kv_states)

    async def forget_source(self, person: Person, source_id: str) -> int:
        """Let go of what prompts of other conversations held of this conversation or document; how
        many states did.
        """
        async with self._database.read() as reader:
            found = await prompt_records.conversations_naming(reader, person.person_key, source_id)
        states = 0
        for conversation_id in found:
            states += await self._runner.forget_words(person, conversation_id)
        return states

    async def _forget_states(self, person: Person, conversation_id: str, *, has_facts: bool) -> int:
        if has_facts:  # they may be in any prompt of this person, and in what is read ahead
            return await self._runner.forget_words(person)
        states = await self._runner.forget_words(person, conversation_id)
        return states + await self.forget_source(person, conversation_id)
