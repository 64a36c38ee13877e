"""All replies that the other machine is asked for: at most as many at once as there are slots."""

import asyncio
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from functools import partial
from time import monotonic

import structlog

from appliance.conversations.conversation import new_id
from appliance.conversations.generation import (
    USUAL,
    Generation,
    Handling,
    Observer,
    log_end,
    nobody_observes,
)
from appliance.conversations.open_generations import OpenGenerations
from appliance.engine.events import Ended, Event, Progress, SequenceCounts
from appliance.engine.gauges import EngineGauges
from appliance.engine.sequence import FinishReason, SamplingParams
from appliance.errors import EngineUnavailable, InvalidInput
from appliance.remote import failures
from appliance.remote.connection import Connection
from appliance.remote.prompt import RemotePrompt
from appliance.remote.reply import RemoteReply, Silence
from appliance.remote.server import RemoteServer
from appliance.remote.waiting_line import Request, WaitingLine
from appliance.remote.wire import can_continue
from appliance.sentences import say

log = structlog.get_logger(__name__)

_INSIDE = say("Something went wrong inside the box. Try again; the log has the details.")


class RemoteGenerations:
    """The same to its callers as the generations of the engine in this process."""

    def __init__(
        self,
        connection: Connection,
        server: RemoteServer,
        *,
        slots: int,
        waiting_limit: int,
        silence: Silence | None = None,
        observer: Observer = nobody_observes,
    ) -> None:
        self._connection = connection
        self._server = server
        self._waiting_limit = waiting_limit
        self._silence = silence or Silence()
        self._observer = observer
        self._line = WaitingLine(slots)
        self._requests: dict[str, Request] = {}
        self._open = OpenGenerations()
        self._tasks: dict[str, asyncio.Task[FinishReason]] = {}

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        """End what runs, and close every connection."""
        for request_id in list(self._requests):
            self._cancel(request_id)
        if tasks := list(self._tasks.values()):
            await asyncio.wait(tasks)
        await self._server.stop()
        await self._connection.close()

    @property
    def open_count(self) -> int:
        return len(self._open)

    @property
    def begun_count(self) -> int:
        return self._open.begun_count

    async def wait_idle(self) -> None:
        await self._open.wait_idle()

    @property
    def swaps(self) -> int:
        """A prompt for the other machine is its words, which any model reads."""
        return 0

    def gauges(self) -> EngineGauges:
        """What can be told from here: who runs and who waits."""
        waiting = len(self._line)
        return EngineGauges(running=len(self._tasks), waiting=waiting, total_cells=0)

    async def wait_ready(self) -> None:
        """Wait while the machine loads, a little while it is away. Raises EngineUnavailable."""
        await self._server.wait_ready()

    @asynccontextmanager
    async def using_model(self) -> AsyncIterator[None]:
        """The same: which model answers is the other machine's business."""
        await self.wait_ready()
        yield

    def ensure_ready(self) -> None:
        _ = self._server.model

    def begin(
        self,
        owner: str,
        prompt: Sized,
        sampling: SamplingParams,
        handling: Handling = USUAL,
    ) -> Generation:
        """Ask for a reply; what the prompt shares with others is the other
        machine's business, and all that can be done about `may_save` is to ask it. Raises
        EngineUnavailable, InvalidInput.
        """
        assert isinstance(prompt, RemotePrompt)
        model = self._server.model
        if sampling.grammar:  # it is llama.cpp's own language, and says more than JSON schemas can
            raise InvalidInput(
                f"Replies in a prescribed form are not supported while {self._server.host} "
                "answers; leave `response_format` and `grammar` out."
            )
        if prompt.reply_so_far and not can_continue(model.dialect):
            raise failures.cannot_continue(self._server.host)
        generation = Generation(new_id(), self._cancel, self._observer(handling.accepted_at))
        request_id = generation.sequence_id
        request = Request(
            request_id, owner, prompt, sampling, handling.priority, monotonic(), handling.may_save
        )
        self._open.add(generation)
        self._requests[request_id] = request
        if sampling.max_tokens < 1:
            # A prompt to be read ahead of time, which is of no use over there.
            self._end(request, FinishReason.LENGTH, _unread(request))
            return generation
        if len(self._line) >= self._waiting_limit:
            sentence = say(
                "%(count)s questions are waiting already. Try again in a minute.",
                count=len(self._line),
            )
            self._end(request, FinishReason.ERROR, _unread(request), sentence)
            return generation
        self._line.add(request)
        self._send_next()
        return generation

    async def forget(self, owner: str, tag: str | None = None) -> int:
        """The other machine keeps its own cache; there is no way to empty it from here."""
        return 0

    def _cancel(self, request_id: str) -> None:
        request = self._requests.get(request_id)
        if request is None:
            return
        if self._line.remove(request):
            self._end(request, FinishReason.CANCELLED, _unread(request))
            self._tell_places()
        elif request_id in self._tasks:
            self._tasks[request_id].cancel()

    def _send_next(self) -> None:
        while (request := self._line.take_next()) is not None:
            reply = RemoteReply(request, self._deliver)
            reading = self._read(reply)
            task = asyncio.create_task(reading, name=f"remote-{request.request_id}")
            self._tasks[request.request_id] = task
            task.add_done_callback(partial(self._over, request, reply))
        self._tell_places()

    async def _read(self, reply: RemoteReply) -> FinishReason:
        return await reply.read(self._connection, self._server.model, self._silence)

    def _over(
        self, request: Request, reply: RemoteReply, task: "asyncio.Task[FinishReason]"
    ) -> None:
        """However it ended: the reader is told, and the slot goes to the next one."""
        del self._tasks[request.request_id]
        self._line.remove(request)
        if task.cancelled():
            self._end(request, FinishReason.CANCELLED, reply.counts())
        elif (error := task.exception()) is None:
            self._end(request, task.result(), reply.counts())
        else:
            sentence = str(error) if isinstance(error, EngineUnavailable) else _INSIDE
            log.warning("a reply from engine.url failed", error=sentence)
            if sentence is _INSIDE:
                log.error("unexpected failure", exc_info=error)
            self._server.doubt()
            self._end(request, FinishReason.ERROR, reply.counts(), sentence)
        self._send_next()

    def _tell_places(self) -> None:
        for place, request in enumerate(self._line.in_order(), start=1):
            self._deliver(Progress(request.request_id, place, 0, len(request.prompt)))

    def _end(
        self,
        request: Request,
        reason: FinishReason,
        counts: SequenceCounts,
        sentence: str | None = None,
    ) -> None:
        del self._requests[request.request_id]
        ended = Ended(request.request_id, reason, counts, sentence)
        self._deliver(ended)
        self._open.remove(request.request_id)
        log_end(ended)

    def _deliver(self, event: Event) -> None:
        generation = self._open.find(event.sequence_id)
        assert generation is not None, "a request is over after its last event"
        generation.deliver(event)


def _unread(request: Request) -> SequenceCounts:
    waited_ms = round((monotonic() - request.submitted_at) * 1000)
    return SequenceCounts(len(request.prompt), 0, 0, waited_ms, None, 0)
