"""A title for a conversation that has only its first words for one."""

import structlog

from appliance.conversations.asides import Place
from appliance.conversations.believing import believed_title
from appliance.conversations.conversation import Message, TitledBy
from appliance.conversations.questioner import Questioner
from appliance.conversations.questions import title_question
from appliance.store import conversations, messages
from appliance.store.database import Database

log = structlog.get_logger(__name__)

# An answer that is not believed, or was cut off by the next message, is asked for again after the
# second and the third turn, and no more.
_MOST_MESSAGES = 6
_ANSWER_TOKENS = 32


class Titles:
    """Asks the model, and believes it or not. A person's title is never touched."""

    def __init__(self, database: Database, questioner: Questioner) -> None:
        self._database = database
        self._questioner = questioner

    async def make(self, place: Place) -> None:
        """Give this conversation a title, if it still needs one and the model finds one."""
        present, branch = await self._untitled(place)
        if present is None:
            return
        spoken = [message.content for message in branch]
        async with self._questioner.using_model():
            question = title_question(spoken[0])
            prompt = await self._questioner.about(place, branch, question, _ANSWER_TOKENS)
            answer = await self._questioner.ask(place, prompt, _has_line)
        title = None
        if answer is not None and answer.is_whole:
            title = believed_title(answer.text, spoken, present)
        log.info("asked for a title", is_believed=title is not None)
        if title is not None:
            async with self._database.write() as tx:
                await conversations.title_by_model(
                    tx, place.person.person_key, place.conversation_id, title
                )

    async def _untitled(self, place: Place) -> tuple[str | None, tuple[Message, ...]]:
        """The first words that stand for a title, and what was said; None when there is one."""
        key = place.person.person_key
        async with self._database.read() as reader:
            found = await conversations.find(reader, key, place.conversation_id)
            if found is None or found.titled_by is not TitledBy.BOX:
                return None, ()
            branch = await messages.branch(
                reader, key, place.conversation_id, place.leaf_id, limit=_MOST_MESSAGES + 1
            )
        return (found.title if 0 < len(branch) <= _MOST_MESSAGES else None), branch


def _has_line(text: str) -> bool:
    return "\n" in text.strip()
