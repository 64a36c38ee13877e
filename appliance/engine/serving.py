"""One loaded model at work: obey what is asked, compute a step, tell what happened, again.

All of it runs on the compute thread. Between two steps it obeys; it sleeps only while there is
nothing to compute, and then in the inbox.
"""

import logging
import queue
from collections.abc import Callable
from time import monotonic

from appliance.engine.backend import Backend
from appliance.engine.commands import (
    Call,
    Cancel,
    Command,
    Forget,
    Replace,
    Stop,
    Submit,
    Wake,
    answer_with,
)
from appliance.engine.core_load import others_seconds
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.events import Event
from appliance.engine.gauges import EngineGauges, Meter
from appliance.engine.guesser import Guesser
from appliance.engine.heartbeat import Heartbeat
from appliance.engine.inbox import Inbox
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.engine.outbox import TOGETHER_SECONDS, Outbox
from appliance.engine.scheduler import Scheduler, SchedulerLimits
from appliance.engine.snapshot_keeper import SnapshotKeeper
from appliance.engine.step_budget import StepBudget
from appliance.engine.stepper import Stepper
from appliance.engine.thread_governor import ThreadGovernor

log = logging.getLogger(__name__)

Publish = Callable[[list[Event]], None]
"""Told once a step of all that happened in it; must return at once."""


class Serving:
    """Runs what comes through the inbox on one model, until it is told to end."""

    def __init__(
        self,
        backend: Backend,
        limits: EngineLimits,
        snapshots: KvSnapshots | None,
        inbox: Inbox,
        publish: Publish,
    ) -> None:
        self._inbox = inbox
        self._publish = publish
        self._stepper = _new_stepper(backend, limits, snapshots, lambda: inbox.put(Wake()))
        self._outbox = Outbox(TOGETHER_SECONDS)
        self._replacement: Replace | None = None

    def run(self, heartbeat: Heartbeat, note: Callable[[EngineGauges], None]) -> Replace | None:
        """Until told to stop, or to make way for another model: that order is the answer.

        `note` takes the figures of each step. What ran is cancelled then, and what the seats hold
        is on its way to the disk.
        """
        stepper = self._stepper
        meter = Meter(stepper.scheduler)
        while self._obey_inbox():
            began, had_work = monotonic(), stepper.has_work
            heartbeat.begin_step()
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
            note(meter.gauges(stepper.threads, stepper.written_tokens))
            self._tell()
        heartbeat.begin_loading()
        stepper.save_all()
        stepper.cancel_all()
        self._tell()
        return self._replacement

    def _tell(self) -> None:
        self._outbox.put(self._stepper.take_events())
        may_wait = self._stepper.only_writes and self._inbox.is_empty
        if events := self._outbox.take(monotonic(), is_last=not may_wait):
            self._publish(events)

    def _obey_inbox(self) -> bool:
        """Take all commands, but of calls one a step; sleep here, and only here, while there is
        nothing to compute.

        False when this model's work shall end.
        """
        try:
            if not self._stepper.has_work and not self._obey(self._wait_for_command()):
                return False
            while True:
                command = self._inbox.take()
                if not self._obey(command):
                    return False
                # Whoever reads a reply waits for one call at most, however many there are.
                if isinstance(command, Call) and self._stepper.has_work:
                    return True
        except queue.Empty:
            return True

    def _wait_for_command(self) -> Command:
        """The next command; while nobody wants anything, seats are written to disk."""
        while True:
            due_in = self._stepper.save_idle(monotonic())
            try:
                return self._inbox.wait(due_in)
            except queue.Empty:
                continue

    def _obey(self, command: Command) -> bool:
        match command:
            case Submit(sequence, submitted_at):
                self._stepper.accept(sequence, submitted_at)
            case Cancel(sequence_id):
                self._stepper.cancel(sequence_id)
            case Forget(owner, tag, answer):
                answer_with(answer, lambda: self._stepper.forget(owner, tag))
            case Call(function, answer):
                answer_with(answer, function)
            case Wake():
                self._stepper.look_up_snapshots()
            case Replace():
                self._replacement = command
                return False
            case Stop():
                return False
        return True


def _new_stepper(
    backend: Backend,
    limits: EngineLimits,
    snapshots: KvSnapshots | None,
    wake: Callable[[], None],
) -> Stepper:
    scheduler = Scheduler(
        SchedulerLimits(
            seats=limits.seats,
            running=limits.slots,
            kv_tokens=limits.kv_tokens,
            context_tokens=backend.vocabulary.context_tokens,
            waiting=limits.waiting_limit,
            may_draft=backend.can_drop,
        )
    )
    return Stepper(
        backend,
        scheduler,
        StepBudget(limits.target_step_seconds, limits.batch_tokens),
        SnapshotKeeper(snapshots, backend, scheduler.slots, wake),
        ThreadGovernor(limits.threads, limits.cores, others_seconds),
        Guesser(backend.draft_model),
    )
