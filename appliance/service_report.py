"""The box as its service manager sees it: started, alive, and what it is doing.

Signs of life come from the event loop, so one that stands still sends none; and only while the
compute thread gets on, so a reply that hangs for ever in there ends with a restart, after which it
goes on. A long prompt is many short steps, and no reason. A box without a model is ready: its page
says what to do, and starting it again would not bring one.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from appliance.failed_starts import FailedStarts
from appliance.lifespan import Box
from appliance.service_manager import ServiceManager

PAUSE_SECONDS = 5.0
SHORT_PAUSE_SECONDS = 1.0
"""While something goes on for which somebody may be waiting."""
PATIENCE_SECONDS = 60
"""For how long a start, a stop or a change of model may be silent; each turn asks for it anew."""

log = structlog.get_logger(__name__)


class ServiceReport:
    """Says what has changed, and gives signs of life, until it is cancelled."""

    def __init__(self, manager: ServiceManager, starts: FailedStarts) -> None:
        self._manager = manager
        self._starts = starts
        self._resting_seconds = 0
        self._box: Box | None = None
        self._is_ready = self._is_stopping = self._is_stuck = False
        self._trouble = ""
        self._status = ""
        self._reloading: asyncio.Task[None] | None = None

    async def rest(self) -> None:
        """Before a start, when those before it came to nothing."""
        self._resting_seconds = self._starts.pause_seconds()
        self._starts.begin()
        await asyncio.sleep(self._resting_seconds)
        self._resting_seconds = 0

    def watch(self, box: Box) -> None:
        """Its parts are there from now on; the model may still load."""
        self._box = box

    def ready(self, trouble: str = "") -> None:
        """The model has answered, or there is none, and that is the trouble."""
        self._is_ready, self._trouble = True, trouble
        self._starts.succeeded()
        self._tell_status(READY=1)

    def reload(self, wait_done: Callable[[], Awaitable[None]]) -> None:
        """Another model may come; it is taken up when `wait_done` returns."""
        if not self._is_ready or (self._reloading and not self._reloading.done()):
            return  # the start, or the change that is under way, says when it is done

        async def reloaded() -> None:
            await wait_done()
            self.ready()

        self._manager.tell_reloading()
        self._reloading = asyncio.create_task(reloaded(), name="reload")

    def stopping(self) -> None:
        """From now on it ends. It may be said more than once."""
        if not self._is_stopping:
            self._is_stopping = True
            self._tell_status(STOPPING=1)

    async def run(self) -> None:
        """Nothing to do where nobody listens."""
        while self._manager.is_there:
            self._turn()
            await asyncio.sleep(self._pause())

    def _turn(self) -> None:
        box = self._box
        is_stuck = box is not None and not box.engine.heartbeat.is_alive
        if is_stuck and not self._is_stuck:
            log.error("the compute thread stands still; no more signs of life are sent")
        self._is_stuck = is_stuck
        signs: dict[str, str | int] = {}
        if not is_stuck:
            # The first one sets the watchdog going; a start has its own limit, and is given longer.
            if self._manager.watchdog_seconds is not None and self._is_ready:
                signs["WATCHDOG"] = 1
            if self._is_busy():
                signs["EXTEND_TIMEOUT_USEC"] = PATIENCE_SECONDS * 1_000_000
        self._tell_status(**signs)

    def _is_busy(self) -> bool:
        is_reloading = self._reloading is not None and not self._reloading.done()
        return not self._is_ready or self._is_stopping or is_reloading

    def _pause(self) -> float:
        pause = SHORT_PAUSE_SECONDS if self._is_busy() else PAUSE_SECONDS
        return min(pause, (self._manager.watchdog_seconds or pause * 3) / 3)

    def _tell_status(self, **signs: str | int) -> None:
        status = self._words()
        if status != self._status:
            self._status = signs["STATUS"] = status
        if signs:
            self._manager.tell(**signs)

    def _words(self) -> str:
        if self._is_stopping:
            return "Stopping: what has been said is being written down"
        if self._resting_seconds:
            rest = f"resting {self._resting_seconds} s before the next"
            return f"{self._starts.count} starts came to nothing; {rest}"
        if self._box is None:
            return "Opening the database"
        if self._is_stuck:
            return "The model hangs in the middle of a step"
        box, engine = self._box.engine.status(), self._box.engine.gauges()
        if box.is_changing:
            return str(box.sentence)
        if box.state == "loading":
            percent = box.loaded_percent
            return f"Loading {box.model_name}" + ("" if percent is None else f", {percent} %")
        if box.state == "failed":
            return f"No model: {box.sentence}"
        if not self._is_ready:
            return f"Waiting for the first word of {box.model_name}"
        if self._trouble:
            return f"Ready, but: {self._trouble}"
        return (
            f"Ready: {box.model_name}, {engine.running} replies running, {engine.waiting} waiting"
        )


@asynccontextmanager
async def reported(manager: ServiceManager) -> AsyncIterator[ServiceReport]:
    """While the block runs, the service manager hears of the box."""
    report = ServiceReport(manager, FailedStarts.of_this_service())
    telling = asyncio.create_task(report.run(), name="service-report")
    try:
        await report.rest()
        yield report
    finally:
        report.stopping()
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
