"""A scripted model that is asked beside its turns, too, and how a test waits for that."""

from typing import Any

from conversation_steps import follow_to_end, say

from appliance.conversations.questions import summary_question, title_question
from appliance.conversations.turn import Turn, TurnStatus
from appliance.lifespan import Box

TITLE = "Rain in the garden"
SUMMARY = "It rained all day in the garden, and we stayed at home and read"
RAIN = "It rained all day in the garden, and so we stayed at home and read a book. "


class Speaker:
    """Replies to turns, and to the questions for titles and summaries, where `{}` becomes a number;
    keeps what it was given to read, one prompt after the other.
    """

    def __init__(
        self,
        reply: str = "So it did, all day.",
        title: str = TITLE,
        summary: str = f"{SUMMARY} ({{}}).",
    ) -> None:
        self.reply, self.title, self.summary = reply, title, summary
        self.turns: list[str] = []
        self.titles: list[str] = []
        self.summaries: list[str] = []

    def __call__(self, sequence: Any) -> str:
        prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))
        asked = prompt.rpartition("user: ")[2]
        if title_question("") in asked:
            return self._heard(self.titles, prompt, self.title)
        if summary_question("") in asked:
            answer = self._heard(self.summaries, prompt, self.summary)
            return answer.format(self.summaries.index(prompt))
        return self._heard(self.turns, prompt, self.reply)

    def _heard(self, prompts: list[str], prompt: str, answer: str) -> str:
        if prompt not in prompts:
            prompts.append(prompt)
        return answer


async def settled(box: Box) -> None:
    """Return when no turn is open, and what followed from them is done."""
    await box.desk.runner.wait_all()
    await box.desk.asides.wait_all()


async def talk(
    box: Box, times: int, conversation_id: str | None = None, words: str = RAIN
) -> list[Turn]:
    """So many messages, each sent when everything before it is done; their turns."""
    turns: list[Turn] = []
    for _ in range(times):
        # No two alike, or the cache would hold what was never said there.
        said = 0
        if conversation_id is not None:
            opened = await box.desk.service.open_conversation(box.person, conversation_id)
            said = len(opened.messages)
        started = await say(box, f"{words}({said:03})", conversation_id)
        conversation_id = started.conversation.conversation_id
        turns.append((await follow_to_end(box, started.turn.turn_id))[-1].turn)
        assert turns[-1].status is TurnStatus.FINISHED
        await settled(box)
    return turns
