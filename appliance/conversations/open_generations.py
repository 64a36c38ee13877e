"""The generations that are not over, and how somebody waits until there are none."""

import asyncio

from appliance.conversations.generation import Generation


class OpenGenerations:
    """By their ids. One event loop."""

    def __init__(self) -> None:
        self._by_id: dict[str, Generation] = {}
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self.begun_count = 0
        """How many there were in all: whoever is alone sees by it whether that stays so."""

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, generation: Generation) -> None:
        self._by_id[generation.sequence_id] = generation
        self.begun_count += 1
        self._is_idle.clear()

    def find(self, sequence_id: str) -> Generation | None:
        return self._by_id.get(sequence_id)

    def remove(self, sequence_id: str) -> None:
        """It is over."""
        del self._by_id[sequence_id]
        if not self._by_id:
            self._is_idle.set()

    async def wait_idle(self) -> None:
        """Wait until there are none; at once when that is so."""
        await self._is_idle.wait()
