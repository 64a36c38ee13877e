"""A database with an index of it, with the real model or with one that is only quick."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.conversations.conversation import Person
from appliance.errors import ModelRefused
from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.recall.recall import Recall
from appliance.store import people
from appliance.store.database import Database

QUICK = EmbeddingModel("/quick", 8)


class QuickEmbedder:
    """Eight numbers by the letters of a text: no meaning, but always the same."""

    def query(self, text: str) -> list[float]:
        return [1.0 + sum(ord(char) % 8 == number for char in text) for number in range(8)]

    passage = query


class BreakingEmbedder(QuickEmbedder):
    """One that can be told after how many texts it gives up."""

    left: int | None = None

    def passage(self, text: str) -> list[float]:
        if self.left is not None:
            if self.left == 0:
                raise ModelRefused("no more")
            self.left -= 1
        return self.query(text)


class Remembering:
    """Who indexes and who searches over one database."""

    def __init__(self, database: Database, model: EmbeddingModel, load=None) -> None:
        self.database, self.model = database, model
        self.computing = Computing(NO_TURNS)
        load = load or (lambda model: QuickEmbedder())
        self.models = EmbeddingModels(self.computing, load)
        self.indexer = Indexer(database, self.models, model)
        self.recall = Recall(database, self.models)

    async def texts(self, person: Person, question: str, k: int = 8, **named) -> list[str]:
        found = await self.recall.search(person, question, k, **named)
        return [each.text for each in found]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "appliance.sqlite3")
    yield database
    await database.close()


@pytest.fixture
async def person(database: Database) -> Person:
    async with database.write() as tx:
        return await people.local_person(tx)


@pytest.fixture
async def remembering(database: Database) -> AsyncIterator[Remembering]:
    remembering = Remembering(database, QUICK)
    yield remembering
    remembering.computing.close()


@pytest.fixture
async def breaking(database: Database) -> AsyncIterator[Remembering]:
    """The same with a model that can be told to break off."""
    remembering = Remembering(database, QUICK, lambda model: BreakingEmbedder())
    yield remembering
    remembering.computing.close()
