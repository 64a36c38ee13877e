"""A box with hundreds of thousands of chunks of many people, made in minutes.

Some thousand sentences are embedded for real. Every chunk is one of them with a few other words,
and its vector is that sentence's, turned a little: so words and vectors lie as they do in a box,
and nothing is computed half a million times. The rows go straight into the tables, in large pieces.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import numpy
from aiosqlite import Connection
from numpy.typing import NDArray

from appliance.accounts.account import AccountRole
from appliance.conversations.conversation import Person
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.models import EmbeddingModels
from appliance.store import chunk_terms, chunk_vectors, chunks, people
from appliance.store.chunk_vectors import Space
from appliance.store.database import Database
from benchmark import recall_texts

BATCH = 10_000
MESSAGES = 40
"""In each conversation."""
TURNED = 0.35
"""How long what is added to a vector of length 1 is: its cosine to the sentence is then 0.94."""
DAY = 86_400
NOW = 1_800_000_000

CONVERSATION = """
INSERT OR IGNORE INTO conversations
    (conversation_key, conversation_id, person_key, title, activity, created_at, updated_at)
VALUES (?1, printf('%032x', ?1), ?2, 'Talk', ?1, ?3, ?3)
"""
MESSAGE = """
INSERT INTO messages (message_key, message_id, person_key, conversation_key, parent_key, role,
                      created_at, content, is_chunked)
VALUES (?1, printf('%032x', ?1), ?2, ?3, ?4, ?5, ?6, ?7, 1)
"""
EMBEDDED = "UPDATE chunks SET embedded_in = ? WHERE chunk_key > ?"


@dataclass(slots=True)
class Corpus:
    """What is in the database; grows."""

    database: Database
    space: Space
    crowd: tuple[Person, ...]
    sentences: tuple[str, ...]
    vectors: NDArray[numpy.float32]
    """Of the sentences, each of length 1."""
    chunks: int = 0
    draw: Random = field(default_factory=lambda: Random(6))

    async def grow(self, chunks: int) -> None:
        """Until there are so many, of everybody equally many."""
        while self.chunks < chunks:
            async with self.database.write() as tx:
                await self._add(tx, min(BATCH, chunks - self.chunks))

    async def _add(self, tx: Connection, count: int) -> None:
        first = self.chunks + 1
        keys = range(first, first + count)
        picked = [self.draw.randrange(len(self.sentences)) for _ in keys]
        spoken = list(zip(keys, picked, self._messages(keys, picked), strict=True))
        conversations = {row[2]: (row[2], row[1], row[5]) for *_, row in spoken}
        await tx.executemany(CONVERSATION, list(conversations.values()))
        await tx.executemany(MESSAGE, [row for *_, row in spoken])
        await tx.executemany(
            chunks.INSERT,
            [
                (key, row[1], key, None, row[2], 1, None, row[5], "", row[6])
                for key, _, row in spoken
            ],
        )
        await chunk_terms.index(tx, first, first + count - 1)
        await tx.execute(EMBEDDED, (self.space.space_key, first - 1))
        turned = self._turned(picked)
        await tx.executemany(
            f"INSERT INTO chunk_vectors_{self.space.space_key} "
            "(rowid, person_key, place, vector) VALUES (?, ?, ?, vec_int8(?))",
            [
                (key, row[1], row[2], vector.tobytes())
                for (key, _, row), vector in zip(spoken, turned, strict=True)
            ],
        )
        self.chunks += count

    def _messages(self, keys: range, picked: list[int]) -> Iterator[tuple[object, ...]]:
        """Rows of MESSAGE: each person says one after the other, and conversations follow."""
        crowd = len(self.crowd)
        for key, sentence in zip(keys, picked, strict=True):
            turn, who = divmod(key - 1, crowd)
            talk = (turn // MESSAGES) * crowd + who + 1
            parent = key - crowd if turn % MESSAGES else None
            role = "assistant" if turn % 2 else "user"
            text = recall_texts.said(self.sentences[sentence], self.draw)
            at = NOW - self.draw.randrange(700) * DAY
            yield key, self.crowd[who].person_key, talk, parent, role, at, text

    def _turned(self, picked: list[int]) -> NDArray[numpy.int8]:
        chance = numpy.random.default_rng(self.chunks)
        size = len(picked), self.vectors.shape[1]
        aside = chance.normal(scale=TURNED / size[1] ** 0.5, size=size)
        turned = self.vectors[picked] + aside
        largest = numpy.abs(turned).max(axis=1, keepdims=True)
        rounded: NDArray[numpy.int8] = numpy.rint(turned * 127 / largest).astype(numpy.int8)
        return rounded


async def begin(
    database: Database, models: EmbeddingModels, model: EmbeddingModel, crowd: int, sentences: int
) -> Corpus:
    """An empty one, of so many people, with its sentences embedded."""
    texts = tuple(recall_texts.sentences(sentences))
    rows = [await models.passage(model, text) for text in texts]
    vectors = numpy.array([numpy.frombuffer(row or b"", numpy.int8) for row in rows], numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    async with database.write() as tx:
        space = await chunk_vectors.find_or_add(tx, model.name, model.dimension)
        await chunk_vectors.set_complete(tx, space)
        everybody = [
            (await people.insert(tx, name, name, AccountRole.MEMBER, "none", 0)).person
            for name in (f"person {number}" for number in range(crowd))
        ]
    return Corpus(database, space, tuple(everybody), texts, vectors)
