"""The other side of a search: the words and the vectors of all people in one index each, with whose
they are beside them. It is what SQLite's and sqlite-vec's own instructions lead to.
"""

from appliance.conversations.conversation import Person
from appliance.recall.question import words_of
from appliance.recall.recall import CANDIDATES
from appliance.store.rows import Row, all_rows
from benchmark.recall_corpus import Corpus

CREATE = (
    "CREATE TABLE IF NOT EXISTS plain_chunks (chunk_key INTEGER PRIMARY KEY)",
    """
    CREATE VIRTUAL TABLE IF NOT EXISTS plain_terms USING fts5 (
        terms, content='', tokenize='porter unicode61 remove_diacritics 2')
    """,
    """
    CREATE VIRTUAL TABLE IF NOT EXISTS plain_vectors USING vec0 (
        person_key INTEGER, vector INT8[{dimension}] distance_metric=cosine)
    """,
)
FILL = (
    """
    INSERT INTO plain_terms (rowid, terms)
    SELECT chunk_key, text FROM chunks
    WHERE chunk_key > (SELECT ifnull(max(chunk_key), 0) FROM plain_chunks)
    """,
    """
    INSERT INTO plain_vectors (rowid, person_key, vector)
    SELECT k.chunk_key, k.person_key, vec_int8(v.vector)
    FROM chunks k CROSS JOIN chunk_vectors_{space} v ON v.rowid = k.chunk_key
    WHERE k.chunk_key > (SELECT ifnull(max(chunk_key), 0) FROM plain_chunks)
    """,
    "INSERT INTO plain_chunks SELECT max(chunk_key) FROM chunks",
)
MATCHING = """
SELECT k.chunk_key, plain_terms.rank
FROM plain_terms CROSS JOIN chunks k ON k.chunk_key = plain_terms.rowid
WHERE plain_terms MATCH ?1 AND k.person_key = ?2 ORDER BY plain_terms.rank LIMIT ?3
"""
NEAREST = """
SELECT rowid, distance FROM plain_vectors
WHERE vector MATCH vec_int8(?1) AND person_key = ?2 AND k = ?3
"""


async def fill(corpus: Corpus) -> None:
    """Everything that is in the corpus by now."""
    space = corpus.space
    async with corpus.database.write() as tx:
        for statement in (*CREATE, *FILL):
            await tx.execute(statement.format(space=space.space_key, dimension=space.dimension))


async def search(corpus: Corpus, person: Person, question: str, vector: bytes) -> list[list[Row]]:
    """The best by words and the nearest: the least that any search by both has to do."""
    match = " OR ".join(f'"{word}"' for word in words_of(question))
    key = person.person_key
    async with corpus.database.read() as reader:
        return [
            await all_rows(reader, MATCHING, (match, key, CANDIDATES)),
            await all_rows(reader, NEAREST, (vector, key, CANDIDATES)),
        ]
