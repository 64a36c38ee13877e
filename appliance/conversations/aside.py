"""Asking the model something beside a conversation, in the background."""

from collections.abc import Callable
from dataclasses import dataclass

from appliance.conversations.conversation import Person
from appliance.conversations.generation import Generations, Handling
from appliance.conversations.model_profile import ModelProfile
from appliance.engine.events import Delta, Ended
from appliance.engine.sequence import FinishReason, Priority
from appliance.prompting.assembler import Prompt


@dataclass(frozen=True, slots=True)
class Answer:
    """What came; it `is_whole` when the model said so itself, or when it was enough."""

    text: str
    is_whole: bool


async def ask(
    generations: Generations,
    profile: ModelProfile,
    person: Person,
    conversation_id: str,
    prompt: Prompt,
    is_enough: Callable[[str], bool] = lambda text: False,
    grammar: str = "",
) -> Answer | None:
    """The likeliest answer; None when it failed or was cancelled. Nothing else waits for it. With a
    `grammar`, one in that form.

    Raises EngineUnavailable, PromptTooLong, InvalidInput.
    """
    text = ""
    form = {"grammar": grammar} if grammar else {}
    async with generations.begin(
        person.person_id,
        prompt.tokens,
        profile.sampling_params(temperature=0.0, max_tokens=prompt.reply_tokens, **form),
        Handling(prompt.public_tokens, conversation_id, Priority.BACKGROUND),
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
