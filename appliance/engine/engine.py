"""The engine: a model and the compute thread that owns it, from loading to another one or the end.

Other threads reach that thread through an inbox of commands, and hear back through `publish`. What
it does with a model that is loaded stands in serving.py.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from enum import StrEnum
from time import monotonic
from typing import Any

from appliance.engine.backend import Backend, Vocabulary
from appliance.engine.commands import (
    Call,
    Cancel,
    Forget,
    Replace,
    Stop,
    Submit,
    answer_with,
)
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.gauges import EngineGauges
from appliance.engine.heartbeat import Heartbeat
from appliance.engine.inbox import Inbox
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.engine.sequence import Priority, SamplingParams, Sequence
from appliance.engine.serving import Publish, Serving
from appliance.errors import ApplianceError, EngineUnavailable, PromptTooLong
from appliance.sentences import say

log = logging.getLogger(__name__)

LoadModel = Callable[[], Backend]
"""Opens a model, on the compute thread; what it raises becomes the engine's failure."""


class EngineState(StrEnum):
    """Whether there is a model to talk to."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


class Engine:
    """Runs sequences of one model on a thread of its own."""

    def __init__(
        self,
        load: LoadModel,
        limits: EngineLimits,
        snapshots: KvSnapshots | None = None,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self.heartbeat = heartbeat or Heartbeat()
        """Whether the compute thread gets on. Whoever loads a model may say so there, too."""
        self._load = load
        self._limits = limits
        self._snapshots = snapshots
        self._inbox = Inbox(self.heartbeat)
        self._thread = threading.Thread(target=self._run, name="compute", daemon=True)
        self._publish: Publish = lambda events: None
        self._backend: Backend | None = None
        self._replacement: Replace | None = None
        self._is_replacing = False
        self.state = EngineState.LOADING
        self.failure: str | None = None
        self.gauges = EngineGauges(total_cells=limits.kv_tokens)
        """How it stood after its latest step; read it from any thread."""
        self.loaded = threading.Event()
        """Set when loading is over, well or not."""

    def start(self, publish: Publish) -> None:
        """Begin to load. `publish` is called on the compute thread and must return at once."""
        self._publish = publish
        self._thread.start()

    def stop(self) -> None:
        """Cancel what runs, free the model and wait for the thread; at most one step passes."""
        self._inbox.put(Stop())
        if self._thread.is_alive():
            self._thread.join()

    @property
    def vocabulary(self) -> Vocabulary:
        """Raises EngineUnavailable while there is no model."""
        return self._ready_backend().vocabulary

    @property
    def context_tokens(self) -> int:
        """Longest prompt and reply together. Raises EngineUnavailable."""
        return min(self.vocabulary.context_tokens, self._limits.kv_tokens)

    def tokenize(self, text: str) -> list[int]:
        """Token ids of plain text, from any thread. Raises EngineUnavailable."""
        return self._ready_backend().tokenize(text)

    def submit(
        self,
        sequence_id: str,
        owner: str,
        prompt: list[int],
        sampling: SamplingParams,
        public_tokens: int = 0,
        *,
        tag: str | None = None,
        priority: Priority = Priority.NORMAL,
        may_save: bool = True,
        reuse_tokens: int | None = None,
    ) -> None:
        """Queue a prompt; what happens to it is published.

        Its first `public_tokens` are the box's own words: what they cost is shared between people.
        What is computed is kept under `tag`, on disk too; without one, or without `may_save`, it
        never gets there. In the background, `max_tokens` 0 reads a prompt ahead of time, and more
        is an aside: a question about a conversation that leaves its seat as it is. With
        `reuse_tokens`, what follows them is computed even if it is held.

        Raises EngineUnavailable, PromptTooLong.
        """
        context_tokens = self.context_tokens
        if len(prompt) >= context_tokens:
            raise PromptTooLong(
                say(
                    "That is %(count)s tokens, and the model reads at most %(most)s at once. "
                    "Shorten the message or split it.",
                    count=len(prompt),
                    most=context_tokens - 1,
                )
            )
        sequence = Sequence(
            sequence_id,
            owner,
            list(prompt),
            sampling,
            public_tokens,
            tag,
            priority,
            is_aside=priority is Priority.BACKGROUND and sampling.max_tokens > 0,
            may_save=may_save,
            reuse_tokens=reuse_tokens,
        )
        self._inbox.put(Submit(sequence, monotonic()))

    def cancel(self, sequence_id: str) -> None:
        """End a sequence within one step; harmless when it is over."""
        self._inbox.put(Cancel(sequence_id))

    def forget(self, owner: str, tag: str | None = None) -> "Future[int]":
        """Let go of all words of `owner`, or of one `tag`, that no running reply needs, in the KV
        cache and on disk; how many states held them, once they are gone, or an EngineError.
        """
        forgotten: Future[int] = Future()
        if self.state is EngineState.READY or self._is_replacing:
            # What the old model's seats hold may be on its way to the disk: that comes first.
            self._inbox.put(Forget(owner, tag, forgotten))
        else:  # nothing is in the KV cache, but there may be something on disk
            self._forget_on_disk(Forget(owner, tag, forgotten))
        return forgotten

    def _forget_on_disk(self, command: Forget) -> None:
        snapshots = self._snapshots
        if snapshots is None:
            command.answer.set_result(0)
        else:
            answer_with(command.answer, lambda: snapshots.forget(command.owner, command.tag))

    def call(self, function: Callable[[], Any]) -> "Future[Any]":
        """Run `function` on the compute thread between two steps."""
        answer: Future[Any] = Future()
        self._inbox.put(Call(function, answer))
        return answer

    def replace(self, load: LoadModel) -> "Future[str | None]":
        """End what runs, free the model and load another one; a failed engine gets one, too.

        The answer says why it could not be loaded. From now until then nothing can be submitted.
        """
        answer: Future[str | None] = Future()
        self._is_replacing, self.state = True, EngineState.LOADING
        self._inbox.put(Replace(load, answer))
        return answer

    def _ready_backend(self) -> Backend:
        if self.state is EngineState.LOADING:
            raise EngineUnavailable(say("The model is still loading. Try again in a moment."))
        if self._backend is None:
            raise EngineUnavailable(self.failure or say("The engine has stopped."))
        return self._backend

    # Below: the compute thread only.

    def _run(self) -> None:
        self._open(self._load)
        self.loaded.set()
        while (next_one := self._work_until_told()) is not None:
            self._replacement = None
            self._open(next_one.load)
            self._is_replacing = False
            answer_with(next_one.answer, lambda: self.failure)

    def _open(self, load: LoadModel) -> None:
        self.failure = None
        self.heartbeat.begin_loading()
        try:
            self._backend = load()
        except Exception as error:
            # The engine's border: whatever the loader meets becomes a sentence.
            self._fail_to_load(error)
        else:
            self.state = EngineState.READY

    def _work_until_told(self) -> Replace | None:
        """The order to take another model; None when the thread shall end."""
        if self._backend is None:
            self._refuse_until_told()
        else:
            self._serve(self._backend)
        return self._replacement

    def _fail_to_load(self, error: Exception) -> None:
        is_ours = isinstance(error, ApplianceError)
        log.error("the model could not be loaded: %s", error, exc_info=not is_ours)
        reason = str(error) if is_ours else say("The model could not be loaded; the log says why.")
        self.failure = reason
        self.state = EngineState.FAILED

    def _refuse_until_told(self) -> None:
        while not isinstance(command := self._inbox.wait(), Stop):
            if isinstance(command, Replace):
                self._replacement = command
                return
            if isinstance(command, Call):
                answer_with(command.answer, command.function)
            elif isinstance(command, Forget):
                self._forget_on_disk(command)

    def _refuse_the_rest(self) -> None:
        """Nobody must wait for an answer that will not come."""
        while not self._inbox.is_empty:
            command = self._inbox.take()
            if isinstance(command, Call | Forget | Replace):
                command.answer.cancel()

    def _serve(self, backend: Backend) -> None:
        serving = Serving(backend, self._limits, self._snapshots, self._inbox, self._publish)
        self._replacement = serving.run(self.heartbeat, self._note)
        self._backend = None
        is_last = self._replacement is None
        if is_last:
            self.state = EngineState.STOPPED
        backend.close()
        if is_last:
            self._refuse_the_rest()
            self.heartbeat.rest()

    def _note(self, gauges: EngineGauges) -> None:
        self.gauges = gauges
