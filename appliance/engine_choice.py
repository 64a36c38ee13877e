"""Which kind of engine answers: the model in this box, or a machine elsewhere (`engine.url`)."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from appliance.conversations.box_status import BoxStatus, box_status
from appliance.conversations.completions import ChatTokens
from appliance.conversations.engine_generations import EngineGenerations
from appliance.conversations.generation import Generations, Observer, nobody_observes
from appliance.conversations.model_profile import ModelProfile
from appliance.cpu import physical_cores
from appliance.engine.backend import Backend
from appliance.engine.chat_tokenizer import ChatTokenizer
from appliance.engine.engine import Engine, EngineState
from appliance.engine.engine_limits import EngineLimits
from appliance.engine.gauges import EngineGauges
from appliance.engine.heartbeat import Heartbeat
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.model_choice import ModelChoice
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.model_swap import ModelSwap
from appliance.paths import PRESETS
from appliance.prompting.assembler import CountsAhead
from appliance.prompting.tokenizer import Tokenizer
from appliance.recall.computing import NO_TURNS, Turns
from appliance.settings import Settings


class EngineTokenizer(Tokenizer, ChatTokens, Protocol):
    """What both the assembler and the completions need."""


@dataclass(frozen=True, slots=True)
class ChatEngine:
    """An engine of either kind; nothing is loaded before its generations are started."""

    generations: Generations
    tokenizer: EngineTokenizer
    profile: Callable[[], ModelProfile]
    status: Callable[[], BoxStatus]
    gauges: Callable[[], EngineGauges]
    ahead: CountsAhead | None = None
    """Only of a machine elsewhere, whose tokenizer is asked ahead."""
    swap: ModelSwap | None = None
    """Only of the model in this box, which may be changed while it runs."""
    heartbeat: Heartbeat = field(default_factory=Heartbeat)
    """Of the compute thread; with another machine's model there is none that could stop."""
    turns: Turns = NO_TURNS
    """With whom other heavy work takes turns."""


class EngineTurns:
    """The compute thread lets others in between two steps."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def is_computing(self) -> bool:
        return self._engine.gauges.running > 0

    def call(self, function: Callable[[], Any]) -> "Future[Any] | None":
        """None while a model is loaded, which takes long."""
        is_ready = self._engine.state is EngineState.READY
        return self._engine.call(function) if is_ready else None


def chat_engine(
    settings: Settings,
    load: Callable[[], Backend] | None = None,
    snapshots: KvSnapshots | None = None,
    observer: Observer = nobody_observes,
) -> ChatEngine:
    """The engine that the settings ask for. `load` stands in for the model that they name."""
    if settings.engine.url is not None:
        return _remote(settings, observer)
    return _local(settings, load, snapshots, observer)


def new_engine(
    settings: Settings,
    load: Callable[[], Backend] | None = None,
    snapshots: KvSnapshots | None = None,
) -> tuple[Engine, ModelChoice]:
    """The engine in this process, and the model that the settings name for it."""
    heartbeat = Heartbeat()
    library = ModelLibrary(settings.model_dir, load_presets(PRESETS))
    model = ModelChoice(settings, library, heartbeat)
    limits = EngineLimits(
        slots=settings.engine.slots,
        kv_tokens=settings.engine.kv_tokens,
        batch_tokens=settings.engine.batch_tokens,
        waiting_limit=settings.engine.waiting_limit,
        threads=settings.engine.threads or physical_cores(),
        cores=physical_cores(),
        target_step_seconds=settings.engine.step_ms / 1000,
    )
    return Engine(load or model.loader(model.name), limits, snapshots, heartbeat), model


def _local(
    settings: Settings,
    load: Callable[[], Backend] | None,
    snapshots: KvSnapshots | None,
    observer: Observer,
) -> ChatEngine:
    engine, model = new_engine(settings, load, snapshots)
    generations = EngineGenerations(engine, observer)
    swap = ModelSwap(model, engine, generations)
    return ChatEngine(
        generations,
        ChatTokenizer(engine, model.template_values),
        model.profile,
        swap.status,
        lambda: engine.gauges,
        swap=swap,
        heartbeat=engine.heartbeat,
        turns=EngineTurns(engine),
    )


def _remote(settings: Settings, observer: Observer) -> ChatEngine:
    # An HTTP client is loaded only by a box that is told to use one.
    from appliance.remote.connection import Connection
    from appliance.remote.generations import RemoteGenerations
    from appliance.remote.sampling import RemoteProfile
    from appliance.remote.server import RemoteServer
    from appliance.remote.token_counts import TokenCounts
    from appliance.remote.tokenizer import RemoteTokenizer

    engine = settings.engine
    assert engine.url is not None
    key = engine.url_key.get_secret_value() if engine.url_key else None
    connection = Connection(engine.url, key)
    server = RemoteServer(connection, engine.url_model, engine.url_context_tokens)
    tokenizer = RemoteTokenizer(server, TokenCounts(connection))
    generations = RemoteGenerations(
        connection,
        server,
        slots=engine.slots,
        waiting_limit=engine.waiting_limit,
        observer=observer,
    )
    return ChatEngine(
        generations,
        tokenizer,
        lambda: RemoteProfile(server.model_name),
        lambda: box_status(server.state, server.model_name, server.failure, server.host),
        generations.gauges,
        ahead=tokenizer,
    )
