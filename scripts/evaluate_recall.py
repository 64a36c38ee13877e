"""scripts/evaluate-recall: how many of the right messages come back, and how fast.

Reads long conversations with questions in the JSON format of LoCoMo, whose data is not part of this
repository, keeps each as one person's in a new database, indexes it as the box
does, and asks every question that names its evidence. A message counts as found "with
neighbours" when it stands beside one that came back.
"""

import asyncio
import json
import re
import sys
import tempfile
from calendar import timegm
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, quantiles
from time import perf_counter, strptime
from typing import Any

import click
from rich.progress import track

from appliance.accounts.account import AccountRole
from appliance.conversations.conversation import Conversation, Message, Person, Role, new_id
from appliance.recall.computing import NO_TURNS, Computing
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.found import MessageSource, Recalled
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.recall.recall import Recall
from appliance.store import conversations, messages, people
from appliance.store.database import Database

DEPTHS = (5, 10, 20)
SESSION = re.compile(r"session_(\d+)")


@dataclass(slots=True)
class Figures:
    """One number for each question."""

    found: dict[int, list[float]] = field(default_factory=lambda: {k: [] for k in DEPTHS})
    beside: dict[int, list[float]] = field(default_factory=lambda: {k: [] for k in DEPTHS})
    ranks: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """What is printed."""
        yield f"{len(self.ranks)} questions"
        for depth in DEPTHS:
            alone, beside = mean(self.found[depth]), mean(self.beside[depth])
            yield f"recall@{depth:<3} {alone:.3f}   with neighbours {beside:.3f}"
        yield f"MRR        {mean(self.ranks):.3f}"
        p50, p95 = quantiles(self.seconds, n=20)[9], quantiles(self.seconds, n=20)[18]
        yield f"latency    p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms"


@dataclass(frozen=True, slots=True)
class Kept:
    """A person's conversations as they lie in the database: turn by turn, in order."""

    person: Person
    ids: dict[str, str]
    """Names of turns in the data -> message ids."""
    beside: dict[str, set[str]]
    """Message ids -> those before and after."""


@click.command()
@click.argument("dataset", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model", default="multilingual", show_default=True, help="As recall.model.")
@click.option("--floor", is_flag=True, help="Leave out what the box would not put in a prompt.")
@click.option("--most", type=click.IntRange(1), help="Only so many of the conversations.")
def main(dataset: Path, model: str, floor: bool, most: int | None) -> None:
    """Print how well DATASET's questions bring back what was said."""
    samples = json.loads(dataset.read_text(encoding="utf-8"))[:most]
    figures = asyncio.run(measure(samples, EmbeddingModel(model, 384), floor))
    click.echo("\n".join(figures.lines()))


async def measure(
    samples: list[dict[str, Any]], model: EmbeddingModel, has_floor: bool = False
) -> Figures:
    """Ask all questions of all samples."""
    figures = Figures()
    computing = Computing(NO_TURNS)
    models = EmbeddingModels(computing)
    with tempfile.TemporaryDirectory() as folder:
        database = await Database.open(Path(folder) / "evaluation.sqlite3")
        kept = [await keep(database, sample, number) for number, sample in enumerate(samples)]
        indexer = Indexer(database, models, model)
        await indexer.work_off()
        recall = Recall(database, models)
        for sample, own in track(list(zip(samples, kept, strict=True)), "Asking", console=None):
            for question in sample["qa"]:
                wanted = {own.ids[name] for name in _evidence(question) if name in own.ids}
                if wanted:
                    await _ask(recall, own, question["question"], wanted, figures, has_floor)
        await database.close()
    computing.close()
    return figures


async def keep(database: Database, sample: dict[str, Any], number: int) -> Kept:
    """One sample as the conversations of a new person, each session one of them."""
    spoken = sample["conversation"]
    ids: dict[str, str] = {}
    beside: dict[str, set[str]] = {}
    async with database.write() as tx:
        name = f"Person {number}"
        account = await people.insert(tx, name, name.casefold(), AccountRole.MEMBER, "none", 0)
        for session in sorted(filter(SESSION.fullmatch, spoken), key=_number):
            at = _moment(spoken[f"{session}_date_time"])
            conversation = Conversation(new_id(), session, at, at)
            await conversations.insert(tx, account.person.person_key, conversation)
            last: Message | None = None
            for turn in spoken[session]:
                said = _message(conversation, last, turn, spoken["speaker_a"], at)
                await messages.insert(tx, account.person.person_key, said, None)
                ids[turn["dia_id"]] = said.message_id
                beside[said.message_id] = {last.message_id} if last else set()
                if last:
                    beside[last.message_id].add(said.message_id)
                last = said
    return Kept(account.person, ids, beside)


async def _ask(
    recall: Recall,
    own: Kept,
    question: str,
    wanted: set[str],
    figures: Figures,
    has_floor: bool,
) -> None:
    began = perf_counter()
    recalled = await recall.search(own.person, question, max(DEPTHS), has_floor=has_floor)
    figures.seconds.append(perf_counter() - began)
    found = [_message_id(each) for each in recalled]
    for depth in DEPTHS:
        top = set(found[:depth])
        around = top.union(*(own.beside[each] for each in top))
        figures.found[depth].append(len(wanted & top) / len(wanted))
        figures.beside[depth].append(len(wanted & around) / len(wanted))
    ranks = [place for place, each in enumerate(found, start=1) if each in wanted]
    figures.ranks.append(1 / ranks[0] if ranks else 0.0)


def _message(
    conversation: Conversation, last: Message | None, turn: dict[str, Any], first: str, at: int
) -> Message:
    picture = f" ({turn['blip_caption']})" if turn.get("blip_caption") else ""
    return Message(
        new_id(),
        conversation.conversation_id,
        last.message_id if last else None,
        Role.USER if turn["speaker"] == first else Role.ASSISTANT,
        f"{turn['speaker']}: {turn['text']}{picture}",
        at,
    )


def _message_id(recalled: Recalled) -> str:
    assert isinstance(recalled.source, MessageSource)
    return recalled.source.message_id


def _evidence(question: dict[str, Any]) -> list[str]:
    return [name for each in question["evidence"] for name in re.findall(r"D\d+:\d+", each)]


def _number(session: str) -> int:
    return int(session.removeprefix("session_"))


def _moment(words: str) -> int:
    """`1:56 pm on 8 May, 2023` as Unix seconds."""
    return timegm(strptime(words, "%I:%M %p on %d %B, %Y"))


if __name__ == "__main__":
    sys.exit(main())
