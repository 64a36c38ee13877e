"""What recall asks of documents, whoever keeps them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from aiosqlite import Connection


@dataclass(frozen=True, slots=True)
class NamedDocument:
    """A document as others know it."""

    document_id: str
    name: str


class NameDocuments(Protocol):
    """Answers for the documents of this person or of everybody; without those that
    are gone.
    """

    async def __call__(
        self, reader: Connection, person_key: int, document_keys: Collection[int]
    ) -> Mapping[int, NamedDocument]: ...


async def no_documents(
    reader: Connection, person_key: int, document_keys: Collection[int]
) -> Mapping[int, NamedDocument]:
    """Where none are kept."""
    return {}
