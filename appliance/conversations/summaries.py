"""What a person may do with summaries: read them, write their own, delete them, have them renewed.

A summary of one's own stays until one deletes it; later messages are summarised after it. A deleted
one leaves its place without words, so that it does not come back by itself.
"""

from contextlib import suppress
from dataclasses import dataclass

from appliance.conversations.accepting import accepted_summary
from appliance.conversations.asides import Asides, Place
from appliance.conversations.conversation import Conversation, Person, Summary
from appliance.conversations.generation import Generations
from appliance.errors import EngineUnavailable, NotFound
from appliance.prompting.aside import AsidePrompts
from appliance.prompting.summary import newest_chain
from appliance.sentences import say
from appliance.store import conversations, summaries
from appliance.store.database import Database

_NO_CONVERSATION = say("There is no such conversation. It may have been deleted.")
_NO_SUMMARY = say(
    "There is no such summary. It was deleted, or a newer one has taken its place. Reload the page."
)


@dataclass(frozen=True, slots=True)
class OpenSummaries:
    """The summaries of the branch being read, oldest first, also those without words."""

    conversation: Conversation
    summaries: tuple[Summary, ...]
    is_being_made: bool


class Summaries:
    """One object a process; holds no state of its own."""

    def __init__(
        self,
        database: Database,
        generations: Generations,
        asides: Asides,
        prompts: AsidePrompts,
    ) -> None:
        self._database = database
        self._generations = generations
        self._asides = asides
        self._prompts = prompts

    async def open(self, person: Person, conversation_id: str) -> OpenSummaries:
        """Raises NotFound."""
        async with self._database.read() as reader:
            conversation = await conversations.find(reader, person.person_key, conversation_id)
            if conversation is None:
                raise NotFound(_NO_CONVERSATION)
            found: tuple[Summary, ...] = ()
            if conversation.leaf_id is not None:
                found = await summaries.on_branch(
                    reader, person.person_key, conversation_id, conversation.leaf_id
                )
        is_due = self._asides.is_due(conversation_id)
        return OpenSummaries(conversation, newest_chain(found), is_due)

    async def edit(self, person: Person, summary_id: str, content: str) -> Summary:
        """The person's own words in place of the model's.

        Raises NotFound, InvalidInput, PromptTooLong.
        """
        content = accepted_summary(content)
        with suppress(EngineUnavailable):  # nothing can be counted while no model is loaded
            await self._prompts.check_summary(content)
        return await self._rewrite(person, summary_id, content)

    async def delete(self, person: Person, summary_id: str) -> Summary:
        """Its messages are not read any more once they do not fit. Raises NotFound."""
        return await self._rewrite(person, summary_id, "")

    async def renew(self, person: Person, summary_id: str) -> Summary:
        """Have the model summarise the same messages again, as soon as nobody waits for it.

        Raises NotFound.
        """
        summary = await self._find_and_halt(person, summary_id)
        async with self._database.write() as tx:
            await summaries.delete_made_beside(tx, person.person_key, summary_id)
            if not await summaries.delete(tx, person.person_key, [summary_id]):
                raise NotFound(_NO_SUMMARY)
            conversation = await conversations.find(tx, person.person_key, summary.conversation_id)
        await self._forget_words(person, summary)
        if conversation is not None and conversation.leaf_id is not None:
            self._asides.begin(Place(person, summary.conversation_id, conversation.leaf_id))
        return summary

    async def _rewrite(self, person: Person, summary_id: str, content: str) -> Summary:
        summary = await self._find_and_halt(person, summary_id)
        async with self._database.write() as tx:
            # What the model made of the same messages would be read in its place.
            await summaries.delete_made_beside(tx, person.person_key, summary_id)
            if not await summaries.rewrite(tx, person.person_key, summary_id, content):
                raise NotFound(_NO_SUMMARY)
        await self._forget_words(person, summary)
        return summary

    async def _find_and_halt(self, person: Person, summary_id: str) -> Summary:
        """The summary, and nothing is made of it any more."""
        async with self._database.read() as reader:
            summary = await summaries.find(reader, person.person_key, summary_id)
        if summary is None:
            raise NotFound(_NO_SUMMARY)
        await self._asides.end(person, summary.conversation_id)
        return summary

    async def _forget_words(self, person: Person, summary: Summary) -> None:
        """What it said is nowhere any more: not in the WAL, nor in the KV cache and its snapshots.

        Raises EngineError when something of it is left.
        """
        await self._database.truncate_wal()
        await self._generations.forget(person.person_id, summary.conversation_id)
