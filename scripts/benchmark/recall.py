"""scripts/bench --recall: searches among many chunks, and a reply while more are made."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.embedding import MULTILINGUAL, EmbeddingModel
from appliance.recall.models import EmbeddingModels
from appliance.store.database import Database
from benchmark import recall_corpus, recall_indexing, recall_search
from benchmark.machine import busy_fraction
from benchmark.recall_search import Ways
from benchmark.running import Outcome, run_once
from benchmark.scenario import Scenario, Sizes
from benchmark.servers import Launch

SIDES = ("the box as it is", "the other way")
MODEL = EmbeddingModel(MULTILINGUAL, 384)

Say = Callable[[str], None]


def run_all(ours: Launch, sizes: Sizes, pairs: int, say: Say) -> list[Outcome]:
    """Everything that is measured of recall."""
    return [_reply_meanwhile(ours, sizes, pairs, say), *asyncio.run(_searches(sizes, say))]


async def _searches(sizes: Sizes, say: Say) -> list[Outcome]:
    outcomes: list[Outcome] = []
    computing = Computing(NO_TURNS)
    models = EmbeddingModels(computing)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        database = await Database.open(Path(folder) / "recall.sqlite3")
        try:
            say(f"embedding {sizes.sentences} sentences")
            corpus = await recall_corpus.begin(
                database, models, MODEL, sizes.people, sizes.sentences
            )
            for chunks in sizes.chunks:
                say(f"{chunks:,} chunks of {sizes.people} people")
                await corpus.grow(chunks)
                outcomes += await recall_search.measure(
                    Ways(corpus, models, MODEL), sizes.questions
                )
        finally:
            await database.close()
            computing.close()
    return outcomes


def _reply_meanwhile(ours: Launch, sizes: Sizes, pairs: int, say: Say) -> Outcome:
    about = "a running reply while messages and a document are indexed; and without that"
    with_it, without = (
        Scenario("a reply meanwhile", about, recall_indexing.reply(is_indexing, sizes.indexed))
        for is_indexing in (True, False)
    )
    outcome = Outcome(with_it)
    for pair in range(pairs):
        outcome.busy.append(busy_fraction())
        outcome.ours.append(asyncio.run(run_once(with_it, ours, sizes)))
        outcome.theirs.append(asyncio.run(run_once(without, ours, sizes)))
        shown = " / ".join(str(runs[-1]) for runs in (outcome.ours, outcome.theirs))
        say(f"{pair + 1}/{pairs}, a reply while more is indexed / without: {shown}")
    return outcome
