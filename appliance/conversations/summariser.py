"""Summarises the oldest messages of a conversation before they no longer fit."""

from time import time

import structlog

from appliance.conversations.asides import Place
from appliance.conversations.believing import believed_summary
from appliance.conversations.conversation import Role, Summary, new_id
from appliance.conversations.questioner import Questioner
from appliance.conversations.questions import summary_question
from appliance.prompting.fitting import Due
from appliance.store import summaries
from appliance.store.database import Database

log = structlog.get_logger(__name__)

_ANSWER_TOKENS = 320


class Summariser:
    """Asks the model and keeps what is believed. Where that fails, messages are left out as they
    would be without it.
    """

    def __init__(self, database: Database, questioner: Questioner) -> None:
        self._database = database
        self._questioner = questioner

    async def make(self, place: Place) -> None:
        """Summarise what is due on this branch."""
        async with self._questioner.using_model():
            person, conversation_id = place.person, place.conversation_id
            due = await self._questioner.prompts.due_summary(person, conversation_id, place.leaf_id)
            if due is None:
                return
            told = [summary.content for summary in due.told]
            spoken = [*told, *(message.content for message in due.messages)]
            question = summary_question("\n".join(spoken))
            prompt = await self._questioner.prompts.of(due, question, _ANSWER_TOKENS)
            if prompt.reply_tokens < 1:
                return
            model_sha256 = self._questioner.model_profile().sha256
            answer = await self._questioner.ask(place, prompt)
        asked = [*told, *(m.content for m in due.messages if m.role is Role.USER)]
        content = answer and believed_summary(answer.text, answer.is_whole, spoken, asked, question)
        log.info("asked for a summary", messages=len(due.messages), is_believed=bool(content))
        if content:
            await self._keep(place, due, content, model_sha256)

    async def _keep(self, place: Place, due: Due, content: str, model_sha256: str) -> None:
        """Raises NotFound when one of the messages was deleted meanwhile."""
        goes_on, key = due.replaces, place.person.person_key
        async with self._database.write() as tx:
            on_branch = await summaries.on_branch(
                tx, key, place.conversation_id, due.messages[-1].message_id
            )
            await summaries.insert(
                tx,
                key,
                summary_id=new_id(),
                conversation_id=place.conversation_id,
                first_message_id=(
                    goes_on.first_message_id if goes_on else due.messages[0].message_id
                ),
                last_message_id=due.messages[-1].message_id,
                message_count=(goes_on.message_count if goes_on else 0) + len(due.messages),
                created_at=int(time()),
                model_sha256=model_sha256,
                content=content,
            )
            await summaries.delete(tx, key, _outdated(on_branch, goes_on))


def _outdated(on_branch: tuple[Summary, ...], in_use: Summary | None) -> list[str]:
    """What the one in use was made of is needed no more; itself is, until the new one is read."""
    if in_use is None:
        return []
    return [
        each.summary_id
        for each in on_branch
        if not each.is_edited
        and in_use.first_key <= each.first_key
        and each.last_key < in_use.last_key
    ]
