"""Looks after a turn whether somebody has said something of themselves that is worth keeping."""

from collections.abc import Sequence

import structlog

from appliance.conversations.asides import Place
from appliance.conversations.conversation import Message, Role, new_id
from appliance.conversations.fact import MOST_FACTS, Fact, FactsUse
from appliance.conversations.fact_keeping import keep
from appliance.conversations.fact_question import (
    Believed,
    believed_facts,
    fact_grammar,
    fact_question,
)
from appliance.conversations.questioner import Questioner
from appliance.conversations.statements import statements_in
from appliance.store import facts, messages, quotable, turns
from appliance.store.database import Database

log = structlog.get_logger(__name__)

_ANSWER_TOKENS = 200


class FactFinder:
    """Asks the model once for each message that may have something, and keeps what it chooses."""

    def __init__(self, database: Database, questioner: Questioner) -> None:
        self._database = database
        self._questioner = questioner

    async def make(self, place: Place) -> None:
        """Look at what was said last on this branch."""
        branch = await self._unasked(place)
        if not branch:
            return
        statements = statements_in(branch[0].content)
        if not statements:
            return
        async with self._questioner.using_model():
            question = fact_question(statements)
            prompt = await self._questioner.about(place, branch, question, _ANSWER_TOKENS)
            answer = await self._questioner.ask(place, prompt, grammar=fact_grammar(statements))
        found: Sequence[Believed] = ()
        if answer is not None and answer.is_whole:
            found = believed_facts(answer.text, statements)
        log.info("asked for facts", sentences=len(statements), chosen=len(found))
        await self._keep(place, branch[0], found)

    async def _unasked(self, place: Place) -> tuple[Message, ...]:
        """The message that was answered last, and its reply; nothing where none may be looked for.

        Nor for another reply to the same message: it was looked at after the first one.
        """
        key = place.person.person_key
        async with self._database.read() as reader:
            if await facts.use(reader, key) is FactsUse.OFF:
                return ()
            if not await quotable.may_recall(reader, key, place.conversation_id):
                return ()
            branch = await messages.branch(reader, key, place.conversation_id, place.leaf_id, 2)
            if len(branch) < 2 or branch[0].role is not Role.USER:
                return ()
            asked_id = branch[0].message_id
            tries = await turns.tries_at(reader, key, place.conversation_id, [asked_id])
        return branch if len(tries) == 1 else ()

    async def _keep(self, place: Place, said: Message, found: Sequence[Believed]) -> None:
        """Raises NotFound when the message was deleted meanwhile."""
        key = place.person.person_key
        async with self._database.write() as tx:
            for each in found:
                known = await facts.list_all(tx, key)
                if len(known) >= MOST_FACTS:
                    return
                await keep(tx, key, _fact(said, each), known)


def _fact(said: Message, found: Believed) -> Fact:
    return Fact(
        fact_id=new_id(),
        conversation_id=said.conversation_id,
        message_id=said.message_id,
        topic=found.topic,
        content=found.content,
        said_at=said.created_at,
        confidence_percent=found.confidence_percent,
    )
