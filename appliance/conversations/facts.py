"""What a person may do with what the box remembers about them: read, correct, confirm, delete it,
and say what of it the model may read.
"""

from dataclasses import dataclass, replace
from time import time

from appliance.conversations.accepting import accepted_fact
from appliance.conversations.conversation import Person
from appliance.conversations.fact import Fact, FactsUse
from appliance.conversations.fact_merging import merged
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.turn_runner import TurnRunner
from appliance.errors import InvalidInput, NotFound
from appliance.sentences import say
from appliance.store import facts, quotable
from appliance.store.database import Database

_NO_FACT = say("There is nothing of that kind remembered any more. Reload the page.")
_NO_CHOICE = say("Choose which facts the model may read, from the list.")


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact, and the title of the conversation that it was said in."""

    fact: Fact
    title: str


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """All that is remembered of a person, newest first, and what of it the model may read."""

    use: FactsUse
    facts: tuple[KnownFact, ...]


class Facts:
    """One object a desk; holds no state of its own."""

    def __init__(self, database: Database, runner: TurnRunner, read_ahead: ReadAhead) -> None:
        self._database = database
        self._runner = runner
        self._read_ahead = read_ahead

    async def open(self, person: Person) -> KnownFacts:
        """Everything, also what was replaced by something newer."""
        key = person.person_key
        async with self._database.read() as reader:
            use = await facts.use(reader, key)
            known = await facts.list_all(reader, key)
            titles = await quotable.titles(reader, key, {each.conversation_id for each in known})
        return KnownFacts(
            use, tuple(KnownFact(each, titles.get(each.conversation_id, "")) for each in known)
        )

    async def choose(self, person: Person, choice: str) -> None:
        """What the model may read from now on. Raises InvalidInput."""
        if choice not in list(FactsUse):
            raise InvalidInput(_NO_CHOICE)
        async with self._database.write() as tx:
            await facts.set_use(tx, person.person_key, FactsUse(choice))
        if choice == FactsUse.OFF:  # nothing that is being looked for shall come after that
            await self._runner.end_asides(person)

    async def rewrite(self, person: Person, fact_id: str, content: str) -> None:
        """The person's own words, which are thereby confirmed. Raises NotFound, InvalidInput."""
        content = accepted_fact(content)
        async with self._database.write() as tx:
            if not await facts.rewrite(tx, person.person_key, fact_id, content):
                raise NotFound(_NO_FACT)
        await self._forget_words(person)

    async def confirm(self, person: Person, fact_id: str) -> None:
        """So it is: from now on it stands, and what cannot be true beside it is over. Raises
        NotFound.
        """
        key = person.person_key
        async with self._database.write() as tx:
            if not await facts.confirm(tx, key, fact_id):
                raise NotFound(_NO_FACT)
            known = await facts.list_all(tx, key)
            said = next(each for each in known if each.fact_id == fact_id)
            others = merged(replace(said, is_confirmed=True), known).replaced
            gone = [each.fact_id for each in others]
            await facts.supersede(tx, key, gone, fact_id, int(time()))

    async def delete(self, person: Person, fact_id: str) -> None:
        """It is gone from here and from every prompt to come. Raises NotFound."""
        async with self._database.write() as tx:
            if not await facts.delete(tx, person.person_key, fact_id):
                raise NotFound(_NO_FACT)
        await self._forget_words(person)

    async def _forget_words(self, person: Person) -> None:
        """What it said is nowhere any more: not in the WAL, nor in the KV cache of any conversation
        and its snapshots. Raises EngineError when something of it is left.
        """
        await self._database.truncate_wal()
        await self._read_ahead.end(person)
        await self._runner.forget_words(person)
