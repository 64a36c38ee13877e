"""The order in which the parts start, and the reverse in which they stop.

Store first, because nothing is accepted before it can be kept. Hot second; its absence is no
obstacle. The engine loads in the background while the page is up already. Unfinished turns go on
last, when all they need is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from appliance.conversations.box_status import BoxStatus, box_status
from appliance.conversations.completions import Completions
from appliance.conversations.conversation import Person
from appliance.conversations.generation import Generations
from appliance.conversations.read_ahead import ReadAhead
from appliance.conversations.recovery import resume_unfinished
from appliance.conversations.sequence_watch import SequenceWatch
from appliance.conversations.service import ConversationService, ServiceLimits
from appliance.conversations.turn_record import TurnRecord
from appliance.conversations.turn_runner import TurnRunner
from appliance.cpu import physical_cores
from appliance.data_dir import derived_key, open_data_dir, page_secret
from appliance.engine.backend import Backend
from appliance.engine.chat_tokenizer import ChatTokenizer
from appliance.engine.engine import Engine, EngineLimits
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.hot.connection import Hot
from appliance.hot.recent_window import RecentWindow
from appliance.hot.server import ValkeyServer
from appliance.hot.token_stream import TokenStream
from appliance.metrics import Metrics
from appliance.model_choice import ModelChoice
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.paths import PRESETS
from appliance.prompting.assembler import Assembler
from appliance.prompting.window import WindowReader
from appliance.settings import Settings
from appliance.store import people
from appliance.store.database import Database

SAVE_AT_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Box:
    """The joined parts that the web application and the command line use."""

    settings: Settings
    person: Person
    service: ConversationService
    completions: Completions
    generations: Generations
    runner: TurnRunner
    database: Database
    metrics: Metrics
    model: ModelChoice
    valkey: ValkeyServer | None
    page_secret: str


@asynccontextmanager
async def open_box(
    settings: Settings, load: Callable[[], Backend] | None = None
) -> AsyncIterator[Box]:
    """Start all parts; stop them on leaving. `load` stands in for the model that the settings name.

    Raises StoreRefused, SettingsError with a sentence."""
    async with AsyncExitStack() as stack:
        stack.enter_context(open_data_dir(settings.data_dir))
        database = await Database.open(settings.data_dir / "appliance.sqlite3")
        stack.push_async_callback(database.close)
        hot, valkey = await _open_hot(settings, stack)
        secret = page_secret(settings.data_dir)
        snapshots = _open_snapshots(settings, secret, stack)
        engine, model = new_engine(settings, load, snapshots)
        metrics = Metrics(lambda: engine.gauges, snapshots)
        generations = Generations(engine, lambda at: SequenceWatch(metrics, at).take)
        await generations.start()
        stack.push_async_callback(generations.stop)
        window, token_stream = RecentWindow(hot), TokenStream(hot)
        tokenizer = ChatTokenizer(engine, model.template_values)
        assembler = Assembler(
            tokenizer,
            WindowReader(database, window),
            system_prompt=settings.assistant.system_prompt,
            reply_limit_tokens=settings.limits.reply_tokens,
            context_full=settings.limits.context_full,
        )
        runner = TurnRunner(
            TurnRecord(database, metrics.count_turn),
            generations,
            assembler,
            window,
            token_stream,
            model.profile,
        )
        stack.push_async_callback(runner.shut_down)

        def status() -> BoxStatus:
            return box_status(engine, model.profile().name)

        read_ahead = ReadAhead(generations, assembler)
        stack.push_async_callback(read_ahead.stop)
        open_turns = settings.engine.slots + settings.engine.waiting_limit
        async with database.write() as tx:
            person = await people.local_person(tx)
        await resume_unfinished(database, token_stream, runner)
        yield Box(
            settings=settings,
            person=person,
            service=ConversationService(
                database,
                runner,
                assembler,
                window,
                token_stream,
                ServiceLimits(settings.limits.message_chars, open_turns),
                status,
                read_ahead,
            ),
            completions=Completions(generations, tokenizer, model.profile, open_turns),
            generations=generations,
            runner=runner,
            database=database,
            metrics=metrics,
            model=model,
            valkey=valkey,
            page_secret=secret,
        )


def new_engine(
    settings: Settings,
    load: Callable[[], Backend] | None = None,
    snapshots: KvSnapshots | None = None,
) -> tuple[Engine, ModelChoice]:
    """The engine for the model that the settings name; nothing is loaded before it is started."""
    library = ModelLibrary(settings.model_dir, load_presets(PRESETS))
    model = ModelChoice(settings, library)
    limits = EngineLimits(
        slots=settings.engine.slots,
        kv_tokens=settings.engine.kv_tokens,
        batch_tokens=settings.engine.batch_tokens,
        waiting_limit=settings.engine.waiting_limit,
        threads=settings.engine.threads or physical_cores(),
        cores=physical_cores(),
        target_step_seconds=settings.engine.step_ms / 1000,
    )
    return Engine(load or model.load, limits, snapshots), model


def _open_snapshots(settings: Settings, secret: str, stack: AsyncExitStack) -> KvSnapshots:
    """The KV cache's place on disk; closed after the engine has put into it what it still holds."""
    snapshots = KvSnapshots(
        settings.data_dir / "kv",
        derived_key(secret, "kv snapshots"),
        settings.engine.snapshot_mb * 1024 * 1024,
    )
    snapshots.start()
    stack.push_async_callback(asyncio.to_thread, snapshots.close, SAVE_AT_STOP_SECONDS)
    return snapshots


async def _open_hot(settings: Settings, stack: AsyncExitStack) -> tuple[Hot, ValkeyServer | None]:
    """A client for the Valkey in the settings, or for a private one that is started here, or for
    none.
    """
    server: ValkeyServer | None = None
    url = settings.hot.url.get_secret_value() if settings.hot.url else None
    if url is None and settings.hot.embedded:
        server = ValkeyServer(memory_mb=settings.hot.memory_mb)
        await server.start()
        stack.push_async_callback(server.stop)
        url = server.url
    hot = Hot(url)
    stack.push_async_callback(hot.close)
    return hot, server
