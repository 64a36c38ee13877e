"""Running a reply again, alone and with the same seed, to see whether it comes out the same.

Nothing of it is stored. It gives way to everybody: it begins when nobody is being answered, and
when somebody comes it stops and begins anew later, because what others compute beside it would
change its last digits.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from appliance.conversations.conversation import Person
from appliance.conversations.generation import Generation, Generations, Handling
from appliance.conversations.model_profile import ModelProfile
from appliance.conversations.replay_check import differences, sampling_of
from appliance.conversations.turn import Turn, TurnPhase, TurnStatus
from appliance.engine.events import Delta, Ended, Progress
from appliance.engine.sequence import FinishReason, Priority
from appliance.errors import Conflict, EngineUnavailable, NotFound
from appliance.prompting.assembler import Assembler
from appliance.sentences import say
from appliance.store import messages, turns
from appliance.store.database import Database

MOST_TRIES = 5
_NEVER_ALONE = say(
    "Others were answered again and again meanwhile. Try it when the box is quieter."
)
_ENDED = say("The run was ended: its conversation was deleted, or the box is about to stop.")


@dataclass(frozen=True, slots=True)
class Original:
    """The reply as it was written the first time."""

    turn: Turn
    text: str


@dataclass(frozen=True, slots=True)
class ReplaySnapshot:
    """A replay at one instant, complete in itself.

    It waits for so many `others`. With `differences` it was not run: they say why.
    """

    phase: TurnPhase
    text: str = ""
    others: int = 0
    differences: tuple[str, ...] = ()


class Replays:
    """Runs them; whoever reads one carries it, and leaving it ends it."""

    def __init__(
        self,
        database: Database,
        generations: Generations,
        assembler: Assembler,
        model_profile: Callable[[], ModelProfile],
    ) -> None:
        self._database = database
        self._generations = generations
        self._assembler = assembler
        self._model_profile = model_profile

    async def original(self, person: Person, turn_id: str) -> Original:
        """What is to be run again. Raises NotFound, Conflict."""
        async with self._database.read() as reader:
            turn = await turns.find(reader, person.person_key, turn_id)
            if turn is None:
                raise NotFound(
                    say("There is no such reply. Its conversation may have been deleted.")
                )
            if not turn.status.is_final:
                raise Conflict(
                    say("This reply is still being written. Run it again when it is done.")
                )
            reply = None
            if turn.reply_message_id is not None:
                reply = await messages.find(reader, person.person_key, turn.reply_message_id)
        if reply is None:
            raise Conflict(say("This turn has no reply, so there is nothing to compare with."))
        return Original(turn, reply.content)

    async def run(self, person: Person, turn_id: str) -> AsyncGenerator[ReplaySnapshot, None]:
        """From waiting to its end, which is the last snapshot.

        Raises as `original`, and EngineUnavailable, PromptTooLong, ConversationFull.
        """
        for _ in range(MOST_TRIES):
            while others := self._generations.open_count:
                yield ReplaySnapshot(TurnPhase.WAITING, others=others)
                await self._generations.wait_idle()
            yield ReplaySnapshot(TurnPhase.LOADING)
            async with aclosing(self._try(person, turn_id)) as snapshots:
                async for snapshot in snapshots:
                    yield snapshot
                    if snapshot.phase is TurnPhase.ENDED:
                        return
        raise EngineUnavailable(_NEVER_ALONE)

    async def _try(self, person: Person, turn_id: str) -> AsyncGenerator[ReplaySnapshot, None]:
        """One run; it ends without its last snapshot when somebody else came."""
        async with self._generations.using_model():
            original = await self.original(person, turn_id)  # anew: it may have been deleted
            prompt = await self._assembler.assemble(person, original.turn)
            model = self._model_profile()
            if found := differences(original.turn, prompt, model):
                yield ReplaySnapshot(TurnPhase.ENDED, differences=found)
                return
            if self._generations.open_count:
                return
            generation = self._generations.begin(
                person.person_id,
                prompt.tokens,
                sampling_of(original.turn, prompt, model),
                Handling(
                    prompt.public_tokens,
                    original.turn.conversation_id,
                    Priority.BACKGROUND,
                    # A token read among others comes out with other last digits than one alone.
                    reuse_tokens=original.turn.counts.cached_tokens,
                ),
            )
            async with generation, aclosing(self._read(generation, original)) as snapshots:
                async for snapshot in snapshots:
                    yield snapshot

    async def _read(
        self, generation: Generation, original: Original
    ) -> AsyncGenerator[ReplaySnapshot, None]:
        begun, text = self._generations.begun_count, ""
        # One that was stopped is compared as far as it had come.
        is_stopped = original.turn.status is not TurnStatus.FINISHED
        async for event in generation:
            if self._generations.begun_count != begun:
                return
            match event:
                case Progress():
                    yield ReplaySnapshot(TurnPhase.READING)
                case Delta():
                    text += event.text
                    if is_stopped and len(text) >= len(original.text):
                        text = text[: len(original.text)]
                        yield ReplaySnapshot(TurnPhase.ENDED, text)
                        return
                    yield ReplaySnapshot(TurnPhase.WRITING, text)
                case Ended(finish_reason=reason, error=error):
                    if reason is FinishReason.CANCELLED:
                        raise EngineUnavailable(_ENDED)
                    if reason is FinishReason.ERROR:
                        raise EngineUnavailable(error or say("The model stopped in the middle."))
                    yield ReplaySnapshot(TurnPhase.ENDED, text)
