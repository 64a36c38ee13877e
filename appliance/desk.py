"""The use cases over one database, joined: what there is for everybody's conversations once, and
can be had a second time over another place to keep them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from appliance.conversations.asides import Asides, Make
from appliance.conversations.beginnings import Beginnings
from appliance.conversations.branches import Branches
from appliance.conversations.fact_finder import FactFinder
from appliance.conversations.facts import Facts
from appliance.conversations.forgetting import Forgetting, nothing_beside
from appliance.conversations.generation import CountReply, nobody_counts
from appliance.conversations.questioner import Questioner
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.replays import Replays
from appliance.conversations.sealed_search import SealedSearch
from appliance.conversations.search import Search
from appliance.conversations.seen_prompt import SeenPrompts
from appliance.conversations.service import ConversationService, ServiceLimits
from appliance.conversations.sharing import Sharing
from appliance.conversations.shelf import Shelf
from appliance.conversations.summaries import Summaries
from appliance.conversations.summariser import Summariser
from appliance.conversations.titles import Titles
from appliance.conversations.turn_record import TurnRecord
from appliance.conversations.turn_runner import TurnRunner
from appliance.engine_choice import ChatEngine
from appliance.hot.connection import Hot
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream
from appliance.metrics import Metrics
from appliance.portable.belongings import Belongings, Ends
from appliance.portable.imports import Imports
from appliance.portable.takeout import OpenFile, Takeout
from appliance.prompting.aside import AsidePrompts
from appliance.prompting.assembler import Assembler
from appliance.prompting.finding import Recalls
from appliance.prompting.materials import Materials
from appliance.prompting.window import WindowReader
from appliance.settings import Settings
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes are given, by name."""

    database: Database
    token_stream: TokenStream
    runner: TurnRunner
    service: ConversationService
    branches: Branches
    shelf: Shelf
    search: Search
    seen_prompts: SeenPrompts
    replays: Replays
    takeout: Takeout
    imports: Imports
    belongings: Belongings
    asides: Asides
    summaries: Summaries
    sharing: Sharing
    read_ahead: ReadAhead
    facts: Facts


@asynccontextmanager
async def open_desk(
    settings: Settings,
    database: Database,
    hot: Hot,
    engine: ChatEngine,
    metrics: Metrics,
    beginnings: Beginnings,
    listed: Database,
    *besides: Ends,
    count: CountReply = nobody_counts,
    is_for_sealed: bool = False,
    sweep_files: Callable[[], Awaitable[None]] = nothing_beside,
    open_file: OpenFile | None = None,
    afterwards: Sequence[Make] = (),
    recalls: Recalls | None = None,
) -> AsyncIterator[Desk]:
    """Join the use cases; on leaving, turns that run are written down and end.

    `listed` has the conversations that the page lists, whichever it shows. `besides` is what else
    goes when a person deletes everything. `count` is told what each reply has cost. A desk
    `is_for_sealed` accounts alone, or for all others. `sweep_files` is done when a conversation has
    gone, `open_file` gives the file of a document, and `afterwards` beside conversations, too.
    `recalls` finds what was said before.
    """
    window, token_stream = RecentWindow(hot), TokenStream(hot)
    assembler = Assembler(
        engine.tokenizer,
        WindowReader(database, window),
        system_prompt=settings.assistant.system_prompt,
        reply_limit_tokens=settings.limits.reply_tokens,
        context_full=settings.limits.context_full,
        ahead=engine.ahead,
        # What is not listed is temporary: it neither recalls nor is recalled.
        materials=Materials(database, engine.tokenizer, recalls) if listed is database else None,
    )
    prompts = AsidePrompts(engine.tokenizer, assembler)
    # Conversations that are not listed have no title, and end before they need a summary.
    makers = _makers(settings, database, engine, prompts) if listed is database else []
    asides = Asides([*afterwards, *makers])
    async with AsyncExitStack() as stack:
        # Last: a turn that is written down and ends begins none any more.
        stack.push_async_callback(asides.stop)
        runner = TurnRunner(
            TurnRecord(database, metrics.count_turn),
            engine.generations,
            assembler,
            window,
            token_stream,
            engine.profile,
            asides,
            count,
        )
        stack.push_async_callback(runner.shut_down)
        read_ahead = ReadAhead(engine.generations, assembler)
        stack.push_async_callback(read_ahead.stop)
        forgetting = Forgetting(database, runner, window, token_stream, read_ahead, sweep_files)
        limits = ServiceLimits(
            settings.limits.message_chars, settings.engine.open_turns, is_for_sealed
        )
        imports = Imports(database, may_wait_on_disk=not is_for_sealed)
        stack.push_async_callback(imports.stop)
        sharing = Sharing(database)
        # What is on no disk, or sealed, is not shared.
        if listed is database and not is_for_sealed:
            ending = asyncio.create_task(sharing.end_in_time(), name="shared-links-end")
            stack.push_async_callback(_stop, ending)
        yield Desk(
            takeout=Takeout(database, open_file),
            imports=imports,
            belongings=Belongings(
                database, window, token_stream, runner, read_ahead, imports, *besides
            ),
            database=database,
            token_stream=token_stream,
            runner=runner,
            service=ConversationService(
                database,
                runner,
                assembler,
                window,
                forgetting,
                limits,
                engine.status,
                read_ahead,
                beginnings,
                listed,
            ),
            branches=Branches(database, runner, assembler, window, forgetting, limits),
            shelf=Shelf(database),
            search=SealedSearch(database) if is_for_sealed else Search(database),
            seen_prompts=SeenPrompts(database, settings.assistant.system_prompt),
            replays=Replays(database, engine.generations, assembler, engine.profile),
            asides=asides,
            summaries=Summaries(database, engine.generations, asides, prompts),
            sharing=sharing,
            read_ahead=read_ahead,
            facts=Facts(database, runner, read_ahead),
        )


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _makers(
    settings: Settings, database: Database, engine: ChatEngine, prompts: AsidePrompts
) -> list[Make]:
    """What the settings want done beside conversations, in this order."""
    questioner = Questioner(engine.generations, prompts, engine.profile)
    makers: list[Make] = []
    if settings.assistant.titles:
        makers.append(Titles(database, questioner).make)
    if settings.assistant.summaries:
        makers.append(Summariser(database, questioner).make)
    if settings.assistant.facts:
        makers.append(FactFinder(database, questioner).make)
    return makers
