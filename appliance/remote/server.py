"""Whether the machine at engine.url is there, which of its models answers, and how much it reads.

One task asks it for its models: often while it is away, seldom while all is well. So the box comes
back by itself when the machine does.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from time import monotonic

import msgspec
import structlog

from appliance.engine.engine import EngineState
from appliance.errors import EngineUnavailable, RemoteAway, RemoteFailed, RemoteLoading
from appliance.model_files.names import plain
from appliance.remote import failures
from appliance.remote.connection import Connection
from appliance.remote.wire import Dialect, ModelEntry, ModelList, ModelMeta
from appliance.sentences import say

log = structlog.get_logger(__name__)

DEFAULT_CONTEXT_TOKENS = 8192
_CONTEXT_RANGE = range(256, 16_777_217)
_SHOWN_NAME_CHARS = 80


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between two looks, and how long a turn waits for a machine that is away."""

    look_again: float = 15.0
    look_again_away: float = 2.0
    turn: float = 10.0
    after_start: float = 120.0
    """After a power cut the bigger machine needs longer than this box; replies wait for it."""


@dataclass(frozen=True, slots=True)
class RemoteModel:
    """The model that answers: `model_id` is its server's name for it, `name` is for people."""

    model_id: str
    name: str
    dialect: Dialect
    context_tokens: int


class RemoteServer:
    """What is known of the machine. `state` uses the engine's words."""

    def __init__(
        self,
        connection: Connection,
        wanted_model: str | None = None,
        context_tokens: int | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._connection = connection
        self._wanted_model = wanted_model
        self._context_tokens = context_tokens
        self._patience = patience or Patience()
        self._model: RemoteModel | None = None
        self._looking: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()
        self._changed = asyncio.Event()
        self._started_at = 0.0
        self._may_return = True
        self.state = EngineState.LOADING
        self.failure: str | None = None

    @property
    def host(self) -> str:
        return self._connection.host

    @property
    def model_name(self) -> str:
        """For people; what the settings say until the machine has answered once."""
        return self._model.name if self._model else self._wanted_model or self.host

    @property
    def model(self) -> RemoteModel:
        """Raises EngineUnavailable while there is none that answers."""
        if self.state is EngineState.READY and self._model is not None:
            return self._model
        raise EngineUnavailable(
            self.failure or say("%(host)s has not answered yet. Try again.", host=self.host)
        )

    async def start(self) -> None:
        self._started_at = monotonic()
        self._looking = asyncio.create_task(self._keep_looking(), name="remote-server")

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        self._become(EngineState.STOPPED, "The box is stopping.")

    async def wait_ready(self) -> None:
        """Wait while it loads, and a little while it is away. Raises EngineUnavailable."""
        until = max(
            monotonic() + self._patience.turn, self._started_at + self._patience.after_start
        )
        while self.state is EngineState.LOADING or (
            self.state is EngineState.FAILED and self._may_return and monotonic() < until
        ):
            left = None if self.state is EngineState.LOADING else max(0.0, until - monotonic())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self.next_change()
        _ = self.model

    async def next_change(self) -> None:
        """Wait until `state` or `failure` is another one."""
        changed = self._changed
        await changed.wait()

    def doubt(self) -> None:
        """A request failed: look at once."""
        self._hurry.set()

    async def _keep_looking(self) -> None:
        while True:
            await self._look()
            is_well = self.state is EngineState.READY
            pause = self._patience.look_again if is_well else self._patience.look_again_away
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurry.wait()
            self._hurry.clear()

    async def _look(self) -> None:
        try:
            listed = msgspec.json.decode(await self._connection.get("models"), type=ModelList)
            self._model = self._chosen(listed.data)
        except RemoteLoading as error:
            self._become(EngineState.LOADING, str(error))
        except RemoteFailed as error:
            self._may_return = isinstance(error, RemoteAway)
            self._become(EngineState.FAILED, str(error))
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._may_return = False
            self._become(EngineState.FAILED, str(failures.not_understood(self.host)))
        else:
            self._become(EngineState.READY, None)

    def _become(self, state: EngineState, failure: str | None) -> None:
        if (state, failure) == (self.state, self.failure):
            return
        self.state, self.failure = state, failure
        log.info("the machine at engine.url", host=self.host, state=str(state), failure=failure)
        self._changed.set()
        self._changed = asyncio.Event()

    def _chosen(self, models: list[ModelEntry]) -> RemoteModel:
        wanted = self._wanted_model
        for entry in models:
            if wanted in (None, entry.id, *entry.aliases):
                model_id = wanted or entry.id
                return RemoteModel(
                    model_id, _shown(model_id), Dialect.of(entry.owned_by), self._reads(entry)
                )
        if wanted is None:
            raise RemoteFailed(
                say("%(host)s has no model. Start its server with one.", host=self.host)
            )
        names = plain(", ".join(entry.id for entry in models[:10]), 300) or "none"
        raise RemoteFailed(
            say(
                "%(host)s has no model %(model)s. Set engine.url_model to one of these: %(names)s.",
                host=self.host,
                model=plain(wanted, 80),
                names=names,
            )
        )

    def _reads(self, entry: ModelEntry) -> int:
        meta = entry.meta or ModelMeta()
        known = (self._context_tokens, entry.max_model_len, meta.n_ctx, meta.n_ctx_train)
        for tokens in known:
            if tokens is not None and tokens in _CONTEXT_RANGE:
                return tokens
        return DEFAULT_CONTEXT_TOKENS


def _shown(model_id: str) -> str:
    """llama-server calls a model by the path of its file; people know the file's name."""
    name = model_id.rpartition("/")[2] if model_id.lower().endswith(".gguf") else model_id
    return plain(name.removesuffix(".gguf"), _SHOWN_NAME_CHARS) or "model"
