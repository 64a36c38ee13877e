"""What other threads have asked of the compute thread, and it has not obeyed yet."""

import queue

from appliance.engine.commands import Command
from appliance.engine.heartbeat import Heartbeat


class Inbox:
    """Commands of other threads; the compute thread takes them out, or rests while it has none."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._heartbeat = heartbeat

    @property
    def is_empty(self) -> bool:
        return self._commands.empty()

    def put(self, command: Command) -> None:
        """From any thread."""
        self._commands.put(command)

    def take(self) -> Command:
        """The next one that is there. Raises queue.Empty."""
        command = self._commands.get_nowait()
        self._heartbeat.begin_step()
        return command

    def wait(self, within_seconds: float | None = None) -> Command:
        """The next one, whenever it comes. Raises queue.Empty when none comes in time."""
        with self._heartbeat.resting():
            return self._commands.get(timeout=within_seconds)
