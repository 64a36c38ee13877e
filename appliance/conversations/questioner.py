"""Asking the model something beside a conversation, in the background."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from appliance.conversations.asides import Place
from appliance.conversations.conversation import Message
from appliance.conversations.generation import Generations, Handling
from appliance.conversations.model_profile import ModelProfile
from appliance.engine.events import Delta, Ended
from appliance.engine.sequence import FinishReason, Priority
from appliance.prompting.aside import AsidePrompts
from appliance.prompting.assembler import Prompt


@dataclass(frozen=True, slots=True)
class Answer:
    """What came; it `is_whole` when the model said so itself, or when it was enough."""

    text: str
    is_whole: bool


class Questioner:
    """Asks in the background: nothing else waits for an answer. A model stays while it is in use
    by `using_model`, from the making of a prompt to its answer.
    """

    def __init__(
        self,
        generations: Generations,
        prompts: AsidePrompts,
        model_profile: Callable[[], ModelProfile],
    ) -> None:
        self.prompts = prompts
        self.using_model = generations.using_model
        self.model_profile = model_profile
        self._generations = generations

    async def about(
        self, place: Place, branch: Sequence[Message], question: str, answer_tokens: int
    ) -> Prompt:
        """A question after the branch that ends with the last of these messages. Raises
        EngineUnavailable, PromptTooLong, ConversationFull.
        """
        return await self.prompts.about(place.person, branch, question, answer_tokens)

    async def ask(
        self,
        place: Place,
        prompt: Prompt,
        is_enough: Callable[[str], bool] = lambda text: False,
        grammar: str = "",
    ) -> Answer | None:
        """The likeliest answer; None when it failed or was cancelled. With a `grammar`, one in
        that form.

        Raises EngineUnavailable, PromptTooLong, InvalidInput.
        """
        text = ""
        form = {"grammar": grammar} if grammar else {}
        async with self._generations.begin(
            place.person.person_id,
            prompt.tokens,
            self.model_profile().sampling_params(
                temperature=0.0, max_tokens=prompt.reply_tokens, **form
            ),
            Handling(prompt.public_tokens, place.conversation_id, Priority.BACKGROUND),
        ) as generation:
            async for event in generation:
                match event:
                    case Delta():
                        text += event.text
                        if is_enough(text):
                            return Answer(text, True)
                    case Ended(finish_reason=FinishReason.STOP | FinishReason.LENGTH as reason):
                        return Answer(text, reason is FinishReason.STOP)
        return None
