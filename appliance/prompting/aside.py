"""Prompts that ask something about a conversation, beside it.

Each begins as the conversation's own prompt does, so that an engine which has read that one reads
little more than the question.
"""

from collections.abc import Sequence
from dataclasses import replace

from appliance.conversations.conversation import Message, Person, Role
from appliance.prompting.assembler import Assembler, Prompt
from appliance.prompting.fitting import Due
from appliance.prompting.tokenizer import Tokenizer


class AsidePrompts:
    """Made as the assembler makes a turn's. Every call may raise EngineUnavailable, PromptTooLong,
    ConversationFull.
    """

    def __init__(self, tokenizer: Tokenizer, assembler: Assembler) -> None:
        self._tokenizer = tokenizer
        self._assembler = assembler

    async def check_summary(self, content: str) -> None:
        """Raises PromptTooLong for one of the person's own that leaves too little room."""
        await self._assembler.count_ahead([content])
        self._assembler.fitter.check_summary(content)

    async def about(
        self, person: Person, branch: Sequence[Message], question: str, answer_tokens: int
    ) -> Prompt:
        """A question after the branch that ends with the last of these messages."""
        await self._assembler.count_ahead([question])
        window = await self._assembler.load(
            person, branch[-1].conversation_id, branch[-1].message_id
        )
        asked = replace(window, messages=(*window.messages, _asked(question, branch[-1])))
        return _answered(self._assembler.fit(asked), answer_tokens)

    async def due_summary(self, person: Person, conversation_id: str, leaf_id: str) -> Due | None:
        """What of a branch should be summarised now; nothing where nothing may be left out."""
        if not self._assembler.may_drop:
            return None
        window = await self._assembler.load(person, conversation_id, leaf_id)
        return self._assembler.fitter.due(window)

    async def of(self, due: Due, question: str, answer_tokens: int) -> Prompt:
        """A question after what is due."""
        await self._assembler.count_ahead([question])
        asked = (*due.messages, _asked(question, due.messages[-1]))
        tokens = self._assembler.fitter.exactly(asked, due.told)
        public_tokens = self._tokenizer.shared_with(tokens, self._assembler.system_prompt)
        left = self._tokenizer.context_tokens - len(tokens) - 1
        return _answered(Prompt(tokens, public_tokens, max(0, left), {}), answer_tokens)


def _asked(question: str, after: Message) -> Message:
    return Message("", after.conversation_id, after.message_id, Role.USER, question, 0)


def _answered(prompt: Prompt, answer_tokens: int) -> Prompt:
    return replace(prompt, reply_tokens=min(prompt.reply_tokens, answer_tokens))
