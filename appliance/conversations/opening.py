"""What a page shows of a conversation, however long it is: one part of one branch.

The number of queries is the same for any length, and so is the number of messages with their texts.
A part begins with what a person said and ends with what there is of a reply to it, so that no
reply is parted from its message.
"""

from aiosqlite import Connection

from appliance.conversations.conversation import Conversation, Message, Person, Role, Summary
from appliance.conversations.opened import Excerpt, OpenConversation
from appliance.conversations.recalled_from import recalled_from
from appliance.conversations.turn import Turn
from appliance.prompting.summary import newest_chain, with_words
from appliance.store import message_tree, messages, summaries, turns

SCREENFUL = 50
"""Messages of a page, and of each piece that is added to it."""

MOST_MESSAGES = 500
"""A page that has grown longer than that is not brought up to date as a whole."""


async def open_excerpt(
    reader: Connection, person: Person, conversation: Conversation, excerpt: Excerpt
) -> OpenConversation:
    """The part of the current branch that is asked for, with all that is shown of it."""
    branch = _Branch(reader, person, conversation)
    shown = await branch.find(excerpt)
    tries = await branch.tries_at(shown)
    latest = {turn.input_message_id: turn for turn in tries}
    running = await turns.running_in(reader, person.person_key, conversation.conversation_id)
    if running is not None:
        latest[running.input_message_id] = running
    last = shown[-1] if shown else None
    ends_here = last is not None and last.message_id == conversation.leaf_id
    others: tuple[str, ...] = ()
    if last is not None and ends_here and last.role is Role.USER:
        others = await message_tree.children(reader, person.person_key, last.message_id)
    told: tuple[Summary, ...] = ()
    if conversation.leaf_id is not None:
        told = await summaries.on_branch(
            reader, person.person_key, conversation.conversation_id, conversation.leaf_id
        )
    return OpenConversation(
        conversation,
        shown,
        latest,
        {turn.reply_message_id: turn for turn in tries if turn.reply_message_id},
        await message_tree.siblings(
            reader,
            person.person_key,
            conversation.conversation_id,
            [message.message_id for message in shown],
        ),
        others,
        with_words(newest_chain(told)),
        await recalled_from(reader, person, (*tries, *latest.values())),
    )


class _Branch:
    """The branch of a conversation that is read, at one moment of the database."""

    def __init__(self, reader: Connection, person: Person, conversation: Conversation) -> None:
        self._reader = reader
        self._key = person.person_key
        self._id = conversation.conversation_id
        self._leaf_id = conversation.leaf_id

    async def find(self, excerpt: Excerpt) -> tuple[Message, ...]:
        """The messages asked for.

        Where a whole page is asked for, the newest are shown instead of what is not on this branch.
        """
        if self._leaf_id is None:
            return ()
        if excerpt.before_id:
            return _from_question((await self._up_to(excerpt.before_id, SCREENFUL + 1))[:-1])
        if excerpt.after_id:
            return self._until_reply((await self._since(excerpt.after_id, SCREENFUL + 2))[1:])
        found: tuple[Message, ...] = ()
        if excerpt.from_id:
            found = await self._between(excerpt.from_id, excerpt.to_id or self._leaf_id)
        if not found and excerpt.at_id:
            found = await self._around(excerpt.at_id)
        return found or _from_question(await self._up_to(self._leaf_id, SCREENFUL))

    async def tries_at(self, shown: tuple[Message, ...]) -> tuple[Turn, ...]:
        """Every turn that wrote one of these messages, or was to answer it."""
        asked = [m.parent_id if m.role is Role.ASSISTANT else m.message_id for m in shown]
        wanted = {message_id for message_id in asked if message_id is not None}
        return await turns.tries_at(self._reader, self._key, self._id, wanted)

    async def _around(self, message_id: str) -> tuple[Message, ...]:
        later = await self._since(message_id, SCREENFUL // 2 + 1)
        if not later:
            return ()
        earlier = await self._up_to(message_id, SCREENFUL // 2 + 1)
        return _from_question(earlier[:-1] + self._until_reply(later))

    async def _between(self, first_id: str, last_id: str) -> tuple[Message, ...]:
        if last_id != self._leaf_id and not await self._since(last_id, 1):
            return ()
        return await message_tree.since(
            self._reader, self._key, self._id, last_id, first_id, -1, MOST_MESSAGES
        )

    async def _since(self, message_id: str, limit: int) -> tuple[Message, ...]:
        assert self._leaf_id is not None
        return await message_tree.since(
            self._reader, self._key, self._id, self._leaf_id, message_id, limit
        )

    async def _up_to(self, message_id: str, limit: int) -> tuple[Message, ...]:
        return await messages.branch(self._reader, self._key, self._id, message_id, limit)

    def _until_reply(self, found: tuple[Message, ...]) -> tuple[Message, ...]:
        """Without a last message whose reply, or whatever follows it, is not among these."""
        if len(found) < 2 or found[-1].role is Role.ASSISTANT:
            return found
        return found if found[-1].message_id == self._leaf_id else found[:-1]


def _from_question(found: tuple[Message, ...]) -> tuple[Message, ...]:
    """Without a first reply whose message is not among these."""
    if len(found) < 2 or found[0].parent_id is None or found[0].role is Role.USER:
        return found
    return found[1:]
