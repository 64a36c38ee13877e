"""How much is kept of each person: counts and bytes, for whoever has to find room on the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from appliance.conversations.conversation import Person
from appliance.store import holdings
from appliance.store.database import Database


class Snapshots(Protocol):
    """What is asked of the KV cache's part on the disk."""

    def bytes_by_owner(self) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class PersonStorage:
    """What one person takes: in the database, and in saved states of the KV cache."""

    conversations: int = 0
    messages: int = 0
    database_bytes: int = 0
    snapshot_bytes: int = 0

    @property
    def total_bytes(self) -> int:
        return self.database_bytes + self.snapshot_bytes


class Storage:
    """One object a process; holds no state of its own."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database = database
        self._snapshots = snapshots

    async def of_everybody(self, people: tuple[Person, ...]) -> dict[str, PersonStorage]:
        """By the id of the person."""
        async with self._database.read() as reader:
            counts = await holdings.counts_by_person(reader)
            sizes = await holdings.bytes_by_person(reader)
        states = self._snapshots.bytes_by_owner()
        return {
            person.person_id: PersonStorage(
                *counts.get(person.person_key, (0, 0)),
                sizes.get(person.person_key, 0),
                states.get(person.person_id, 0),
            )
            for person in people
        }
