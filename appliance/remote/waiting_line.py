"""Who is sent to the other machine next: fair between people, people before background. Pure."""

from collections import Counter
from dataclasses import dataclass

from appliance.engine.sequence import Priority, SamplingParams
from appliance.remote.prompt import RemotePrompt


@dataclass(eq=False, slots=True)
class Request:
    """One reply that is asked for. `submitted_at` is a `time.monotonic` reading in seconds."""

    request_id: str
    owner: str
    prompt: RemotePrompt
    sampling: SamplingParams
    priority: Priority
    submitted_at: float
    may_save: bool = True
    """Whether the other machine may keep anything of it, if it cares to be told."""


class WaitingLine:
    """At most `slots` requests run at once; the others stand in line."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._waiting: list[Request] = []
        self._running: list[Request] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: Request) -> None:
        self._waiting.append(request)

    def remove(self, request: Request) -> bool:
        """Take it out, wherever it is; whether it was still waiting."""
        if request in self._waiting:
            self._waiting.remove(request)
            return True
        if request in self._running:
            self._running.remove(request)
        return False

    def in_order(self) -> list[Request]:
        """The waiting ones, next first: whoever has the fewest of their own before it."""
        taken = Counter(request.owner for request in self._running)
        order: list[tuple[bool, int, int, Request]] = []
        for arrival, request in enumerate(self._waiting):
            is_background = request.priority is not Priority.NORMAL
            order.append((is_background, taken[request.owner], arrival, request))
            taken[request.owner] += 1
        return [request for *_, request in sorted(order, key=lambda entry: entry[:3])]

    def take_next(self) -> Request | None:
        """The next one to run, if there is a slot for it."""
        if len(self._running) >= self._slots or not self._waiting:
            return None
        request = self.in_order()[0]
        self._waiting.remove(request)
        self._running.append(request)
        return request
