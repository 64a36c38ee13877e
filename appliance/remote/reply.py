"""One reply from the other machine: its event stream, doubted piece by piece, as engine events."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import msgspec

from appliance.engine.events import Delta, Event, Progress, SequenceCounts
from appliance.engine.sequence import FinishReason
from appliance.remote import failures
from appliance.remote.connection import Connection
from appliance.remote.event_lines import EndlessLine, EventLines
from appliance.remote.server import RemoteModel
from appliance.remote.waiting_line import Request
from appliance.remote.wire import Chunk, Usage, chat_body

# A prefix shorter than this may well be what a reply goes on with.
_LEAST_ECHO_CHARS = 16
_BYTES_A_TOKEN = 4096
_HEAD_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Silence:
    """How long the machine may say nothing, in seconds: it may have a queue of its own, and long
    prompts to read; between two words it has no such reason.
    """

    first: float = 600.0
    next: float = 120.0


class RemoteReply:
    """Reads one reply and keeps its counts."""

    def __init__(self, request: Request, deliver: Callable[[Event], None]) -> None:
        self._request = request
        self._deliver = deliver
        self._began_at = monotonic()
        self._first_at: float | None = None
        self._last_at: float | None = None
        self._deltas = 0
        self._usage: Usage | None = None
        self._finish_reason: str | None = None

    async def read(
        self, connection: Connection, model: RemoteModel, silence: Silence
    ) -> FinishReason:
        """Ask, and deliver what comes. Raises RemoteFailed; the text until then stays delivered."""
        request = self._request
        self._report(0, len(request.prompt))
        body = chat_body(model.model_id, model.dialect, request.prompt, request.sampling)
        if not request.may_save:  # as OpenAI has it; another appliance keeps no KV state then
            body["store"] = False
        most_bytes = _HEAD_BYTES + request.sampling.max_tokens * _BYTES_A_TOKEN
        lines, received = EventLines(), 0
        try:
            async with asyncio.timeout(silence.first) as patience:
                async with connection.post_stream("chat/completions", body) as pieces:
                    async for piece in pieces:
                        received += len(piece)
                        for payload in lines.feed(piece):
                            if payload == b"[DONE]":
                                return self._reason(connection.host)
                            self._take(connection.host, payload)
                        if received > most_bytes:
                            raise failures.endless(connection.host)
                        seconds = silence.first if self._first_at is None else silence.next
                        patience.reschedule(asyncio.get_running_loop().time() + seconds)
        except EndlessLine as error:
            raise failures.endless(connection.host) from error
        except TimeoutError as error:
            seconds = silence.first if self._first_at is None else silence.next
            raise failures.silent(connection.host, seconds) from error
        # Some servers close without [DONE].
        return self._reason(connection.host)

    def counts(self) -> SequenceCounts:
        """The server's own where it gave them, else what was seen of it."""
        usage = self._usage or Usage(len(self._request.prompt), self._deltas)
        details = usage.prompt_tokens_details
        first_at, submitted_at = self._first_at, self._request.submitted_at
        return SequenceCounts(
            prompt_tokens=_plausible(usage.prompt_tokens),
            completion_tokens=_plausible(usage.completion_tokens),
            cached_tokens=_plausible(details.cached_tokens if details else 0),
            queue_ms=_ms(self._began_at - submitted_at),
            ttft_ms=None if first_at is None else _ms(first_at - submitted_at),
            decode_ms=_ms(self._last_at - first_at) if first_at and self._last_at else 0,
            prefill_ms=_ms(first_at - self._began_at) if first_at else 0,
        )

    def _take(self, host: str, payload: bytes) -> None:
        try:
            chunk = msgspec.json.decode(payload, type=Chunk)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise failures.not_understood(host) from error
        if chunk.error is not None:
            raise failures.reported(host, chunk.error_words)
        self._usage = chunk.usage or self._usage
        if chunk.prompt_progress is not None and self._first_at is None:
            self._report(chunk.prompt_progress.processed, chunk.prompt_progress.total)
        for choice in chunk.choices[:1]:
            if choice.delta is not None and choice.delta.content:
                self._take_text(choice.delta.content)
            self._finish_reason = choice.finish_reason or self._finish_reason

    def _take_text(self, text: str) -> None:
        self._last_at = monotonic()
        if self._first_at is None:
            self._first_at = self._last_at
            prefix = self._request.prompt.reply_so_far
            # Some versions of llama-server begin with what they were given to go on with.
            if len(prefix) >= _LEAST_ECHO_CHARS:
                text = text.removeprefix(prefix)
        self._deltas += 1
        if text:
            self._deliver(Delta(self._request.request_id, text))

    def _reason(self, host: str) -> FinishReason:
        match self._finish_reason:
            case None:
                raise failures.broken_off(host)
            case "length":
                return FinishReason.LENGTH
            case _:
                return FinishReason.STOP

    def _report(self, processed: int, total: int) -> None:
        if 0 <= processed <= total:
            self._deliver(Progress(self._request.request_id, None, processed, total))


def _plausible(count: int | None) -> int:
    """Counts are stored in 64 bits, and shown."""
    return count if count is not None and 0 <= count < 1 << 40 else 0


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
