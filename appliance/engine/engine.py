"""The compute thread: one loop that owns the model and everything that computes.

Other threads reach it through an inbox of commands, and hear back through `publish`, called once a
step on this thread with all that happened in it.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Any

from appliance.engine.backend import Backend, Vocabulary
from appliance.engine.commands import Call, Cancel, Command, Forget, Stop, Submit
from appliance.engine.events import Event
from appliance.engine.gauges import EngineGauges, Meter
from appliance.engine.scheduler import Scheduler
from appliance.engine.sequence import SamplingParams, Sequence
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.errors import ApplianceError, EngineUnavailable, PromptTooLong

log = logging.getLogger(__name__)

TARGET_STEP_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Sizes of the engine. Units as named; `kv_tokens` is shared by all slots."""

    slots: int
    kv_tokens: int
    batch_tokens: int
    waiting_limit: int


class EngineState(StrEnum):
    """Whether there is a model to talk to."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


class Engine:
    """Runs sequences of one model on a thread of its own."""

    def __init__(self, load: Callable[[], Backend], limits: EngineLimits) -> None:
        self._load = load
        self._limits = limits
        self._inbox: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="compute", daemon=True)
        self._publish: Callable[[list[Event]], None] = lambda events: None
        self._backend: Backend | None = None
        self.state = EngineState.LOADING
        self.failure: str | None = None
        self.gauges = EngineGauges(total_cells=limits.kv_tokens)
        """How it stood after its latest step; read it from any thread."""
        self.loaded = threading.Event()
        """Set when loading is over, well or not."""

    def start(self, publish: Callable[[list[Event]], None]) -> None:
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
    ) -> None:
        """Queue a prompt; what happens to it is published.

        Its first `public_tokens` are the box's own words: what they cost is shared between people.

        Raises EngineUnavailable, PromptTooLong.
        """
        context_tokens = min(self.vocabulary.context_tokens, self._limits.kv_tokens)
        if len(prompt) >= context_tokens:
            raise PromptTooLong(
                f"That is {len(prompt)} tokens, and the model reads at most {context_tokens - 1} "
                "at once. Shorten the message or split it."
            )
        sequence = Sequence(sequence_id, owner, list(prompt), sampling, public_tokens)
        self._inbox.put(Submit(sequence, monotonic()))

    def cancel(self, sequence_id: str) -> None:
        """End a sequence within one step; harmless when it is over."""
        self._inbox.put(Cancel(sequence_id))

    def forget(self, owner: str) -> None:
        """Let go of all words of `owner` that no running sequence needs: something was deleted."""
        self._inbox.put(Forget(owner))

    def call(self, function: Callable[[], Any]) -> "Future[Any]":
        """Run `function` on the compute thread between two steps."""
        answer: Future[Any] = Future()
        self._inbox.put(Call(function, answer))
        return answer

    def _ready_backend(self) -> Backend:
        if self.state is EngineState.LOADING:
            raise EngineUnavailable("The model is still loading. Try again in a moment.")
        if self._backend is None:
            raise EngineUnavailable(self.failure or "The engine has stopped.")
        return self._backend

    # Below: the compute thread only.

    def _run(self) -> None:
        try:
            self._backend = self._load()
        except Exception as error:
            # The engine's border: whatever the loader meets becomes a sentence.
            self._fail_to_load(error)
        else:
            self.state = EngineState.READY
        self.loaded.set()
        if self._backend is None:
            self._refuse_until_stopped()
        else:
            self._serve(self._backend)

    def _fail_to_load(self, error: Exception) -> None:
        is_ours = isinstance(error, ApplianceError)
        log.error("the model could not be loaded: %s", error, exc_info=not is_ours)
        reason = str(error) if is_ours else "The model could not be loaded; the log says why."
        self.failure = reason
        self.state = EngineState.FAILED

    def _refuse_until_stopped(self) -> None:
        while not isinstance(command := self._inbox.get(), Stop):
            if isinstance(command, Call):
                _run_call(command)

    def _serve(self, backend: Backend) -> None:
        stepper = self._new_stepper(backend)
        meter = Meter(stepper.scheduler, backend.threads)
        while self._obey_inbox(stepper):
            began, had_work = monotonic(), stepper.has_work
            try:
                stepper.step()
                if not stepper.has_work:
                    meter.add_check(stepper.check())
            except Exception:
                # The engine's border: one bad step must not end the box.
                log.exception("a step failed; the KV cache is emptied and what ran is ended")
                stepper.recover()
            if had_work:
                meter.add_step(monotonic() - began)
            self.gauges = meter.gauges()
            self._publish(stepper.take_events())
        stepper.cancel_all()
        self._publish(stepper.take_events())
        self._backend, self.state = None, EngineState.STOPPED
        backend.close()

    def _new_stepper(self, backend: Backend) -> Stepper:
        limits = self._limits
        scheduler = Scheduler(
            limits.slots,
            kv_tokens=limits.kv_tokens,
            context_tokens=backend.vocabulary.context_tokens,
            waiting_limit=limits.waiting_limit,
        )
        return Stepper(backend, scheduler, StepBudget(TARGET_STEP_SECONDS, limits.batch_tokens))

    def _obey_inbox(self, stepper: Stepper) -> bool:
        """Take all commands; sleep here, and only here, while there is nothing to compute.

        False when the thread shall end.
        """
        may_sleep = not stepper.has_work
        try:
            while True:
                command = self._inbox.get(block=may_sleep)
                may_sleep = False
                match command:
                    case Submit(sequence, submitted_at):
                        stepper.accept(sequence, submitted_at)
                    case Cancel(sequence_id):
                        stepper.cancel(sequence_id)
                    case Forget(owner):
                        stepper.forget(owner)
                    case Call():
                        _run_call(command)
                    case Stop():
                        return False
        except queue.Empty:
            return True


def _run_call(command: Call) -> None:
    if not command.answer.set_running_or_notify_cancel():
        return
    try:
        command.answer.set_result(command.function())
    except Exception as error:  # belongs to whoever asked
        command.answer.set_exception(error)
