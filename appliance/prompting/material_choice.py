"""Which material a prompt gets: what is new to it, as far as there is room."""

from contextlib import suppress

from appliance.conversations.conversation import Person
from appliance.conversations.turn import Turn
from appliance.errors import ConversationFull, PromptTooLong
from appliance.prompting.budget import MESSAGE_OVERHEAD_TOKENS, split_material
from appliance.prompting.fitting import Fitter
from appliance.prompting.material import NOTHING, Material, Told
from appliance.prompting.materials import Materials
from appliance.prompting.tokenizer import Tokenizer
from appliance.prompting.window import Window


class MaterialChoice:
    """Without `materials` there is none."""

    def __init__(self, tokenizer: Tokenizer, fitter: Fitter, materials: Materials | None) -> None:
        self._tokenizer = tokenizer
        self._fitter = fitter
        self._materials = materials

    async def with_answered(self, person: Person, window: Window) -> Window:
        """The window with what its messages had with them when they were answered."""
        if self._materials is None:
            return window
        return window.with_materials(await self._materials.of_answered(person, window))

    async def for_turn(self, person: Person, turn: Turn, window: Window) -> Material:
        """What goes with the last message of the window, which the turn is to answer."""
        if self._materials is None or not window.messages:
            return NOTHING
        message = window.messages[-1].content
        used = self._tokenizer.count(message) + MESSAGE_OVERHEAD_TOKENS
        free = self._fitter.budget.prompt_tokens - self._fitter.system_tokens - used
        budget = split_material(self._tokenizer.context_tokens, free)
        return await self._materials.of_turn(person, turn, message, self._told(window), budget)

    async def ahead(self, person: Person, conversation_id: str | None, window: Window) -> Material:
        """What goes with the next message, whatever it says."""
        if self._materials is None:
            return NOTHING
        context, most = self._tokenizer.context_tokens, self._fitter.budget.prompt_tokens
        budget = split_material(context, most)
        told = self._told(window)
        return Material(
            await self._materials.facts_to_tell(person, conversation_id, told, budget.facts_tokens)
        )

    def _told(self, window: Window) -> Told:
        """What the prompt will have of the window: nothing of messages that are left out."""
        kept = window.messages
        if window.earlier or self._fitter.overflows(kept):
            with suppress(PromptTooLong, ConversationFull):
                kept = self._fitter.fitted(window).messages
        ids = frozenset(message.message_id for message in kept)
        found = (window.materials.get(message_id) for message_id in ids)
        return Told(tuple(material for material in found if material), ids)
