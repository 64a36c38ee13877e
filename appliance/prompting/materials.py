"""Finds the material of a message once, and brings back that of messages of before.

What was found for a turn stands in its record, as ids. Every later prompt of its branch reads it
again from its place, so a prompt begins as the one before did, and what was deleted is not in it.
Nothing here may fail a turn: a box that cannot recall answers without.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence

import structlog

from appliance.conversations.conversation import Person, Role
from appliance.conversations.fact import FactsUse
from appliance.conversations.turn import Turn
from appliance.errors import ApplianceError
from appliance.prompting.budget import MaterialBudget
from appliance.prompting.finding import (
    Recalls,
    chosen,
    message_ids,
)
from appliance.prompting.material import (
    NOTHING,
    Material,
    Passage,
    Told,
    ToldFact,
    facts_words,
)
from appliance.prompting.pieces import facts_in, pieces_in
from appliance.prompting.stored_words import StoredWords, told_fact
from appliance.prompting.tokenizer import Tokenizer
from appliance.prompting.window import Window
from appliance.recall.found import Recalled
from appliance.recall.question import asks_nothing
from appliance.store import facts, prompt_records, quotable
from appliance.store.database import Database
from appliance.store.prompt_records import PromptRecord

SEARCH_SECONDS = 4.0
"""Longer nobody waits for a memory: the reply begins without."""
_MOST_FOUND = 8
_MOST_ASKED_CHARS = 2_000

log = structlog.get_logger(__name__)


class Materials:
    """Of one desk; holds no state. Without `recalls` nothing is looked for."""

    def __init__(
        self,
        database: Database,
        tokenizer: Tokenizer,
        recalls: Recalls | None = None,
    ) -> None:
        self._database = database
        self._tokenizer = tokenizer
        self._recalls = recalls

    async def of_answered(self, person: Person, window: Window) -> Mapping[str, Material]:
        """By their ids, what messages of the window had with them that were answered there."""
        asked = {
            before.message_id: after.message_id
            for before, after in zip(window.messages, window.messages[1:], strict=False)
            if before.role is Role.USER and after.role is Role.ASSISTANT
        }
        if not asked:
            return {}
        records = await self._records(person, window.messages[-1].conversation_id, asked)
        wanted = {
            each.input_message_id: each.record
            for each in records
            if asked[each.input_message_id] == each.reply_message_id
        }
        return await self._read(person, window.messages[-1].conversation_id, wanted)

    async def of_turn(
        self,
        person: Person,
        turn: Turn,
        message: str,
        told: Told,
        budget: MaterialBudget,
    ) -> Material:
        """What goes with the message of a turn: what its record says, when it has run before; that
        of the reply which it continues; else what is found now.

        `told` is what the prompt has already.
        """
        record: Mapping[str, object] = turn.prompt_record
        if not record and turn.reply_message_id is not None:
            records = await self._records(person, turn.conversation_id, [turn.input_message_id])
            wrote = [
                each.record
                for each in records
                if each.reply_message_id == turn.reply_message_id and each.record
            ]
            record = wrote[-1] if wrote else {}
        if record or turn.reply_message_id is not None:
            read = await self._read(person, turn.conversation_id, {turn.input_message_id: record})
            return read.get(turn.input_message_id, NOTHING)
        return await self._find(person, turn, message, told, budget)

    async def facts_to_tell(
        self, person: Person, conversation_id: str | None, told: Told, most: int
    ) -> tuple[ToldFact, ...]:
        """What the model may read of this person and has not in its prompt yet, newest last."""
        async with self._database.read() as reader:
            if conversation_id is not None and not await quotable.may_recall(
                reader, person.person_key, conversation_id
            ):
                return ()
            use = await facts.use(reader, person.person_key)
            if use is FactsUse.OFF:
                return ()
            known = await facts.list_all(reader, person.person_key)
        done = told.fact_ids
        by_id = {fact.fact_id: fact for fact in known}
        usable = [fact for fact in known if fact.is_current and fact.is_used(use)]
        usable.sort(key=lambda fact: (not fact.is_confirmed, -fact.said_at))
        picked: list[ToldFact] = []
        for fact in usable:
            if fact.fact_id in done or fact.message_id in told.message_ids:
                continue
            more = [*picked, told_fact(fact, by_id.values())]
            if self._tokenizer.count(facts_words(more)) > most:
                continue
            picked = more
        return tuple(sorted(picked, key=lambda fact: fact.said_at))

    async def _find(
        self,
        person: Person,
        turn: Turn,
        message: str,
        told: Told,
        budget: MaterialBudget,
    ) -> Material:
        async with self._database.read() as reader:
            key = person.person_key
            if not await quotable.may_recall(reader, key, turn.conversation_id):
                return NOTHING
        most = budget.facts_tokens
        new_facts = await self.facts_to_tell(person, turn.conversation_id, told, most)
        passages: tuple[Passage, ...] = ()
        if budget.recalled_tokens > 0 and not asks_nothing(message):
            found = await self._recall(person, turn, message[:_MOST_ASKED_CHARS])
            passages = await self._chosen(person, found, told, budget.recalled_tokens)
        return Material(new_facts, passages)

    async def _recall(self, person: Person, turn: Turn, question: str) -> Sequence[Recalled]:
        if self._recalls is None:
            return ()
        conversation_id = turn.conversation_id
        try:
            async with asyncio.timeout(SEARCH_SECONDS):
                return await self._recalls.search(
                    person,
                    question,
                    _MOST_FOUND,
                    without=conversation_id,
                    conversation=conversation_id,
                )
        except (ApplianceError, TimeoutError) as error:
            log.warning("nothing was recalled", turn_id=turn.turn_id, cause=type(error).__name__)
            return ()

    async def _chosen(
        self,
        person: Person,
        found: Sequence[Recalled],
        told: Told,
        most_tokens: int,
    ) -> tuple[Passage, ...]:
        if not found:
            return ()
        async with self._database.read() as reader:
            said = await quotable.around(reader, person.person_key, message_ids(found))
        return chosen(found, said, told.pieces, self._tokenizer.count, most_tokens)

    async def _records(
        self, person: Person, conversation_id: str, message_ids: Collection[str]
    ) -> Sequence[PromptRecord]:
        async with self._database.read() as reader:
            key = person.person_key
            return await prompt_records.at(reader, key, conversation_id, message_ids)

    async def _read(
        self, person: Person, conversation_id: str, records: Mapping[str, Mapping[str, object]]
    ) -> dict[str, Material]:
        """The words of what the records name, as far as they are still there."""
        pieces = {at: pieces_in(record) for at, record in records.items()}
        fact_ids = {at: facts_in(record) for at, record in records.items()}
        if not any(pieces.values()) and not any(fact_ids.values()):
            return {}
        words = StoredWords(self._database, person)
        if not await words.load(
            conversation_id,
            [piece for each in pieces.values() for piece in each],
            [fact_id for each in fact_ids.values() for fact_id in each],
        ):
            return {}
        found = {at: words.material(fact_ids[at], pieces[at]) for at in records}
        return {at: material for at, material in found.items() if material}
