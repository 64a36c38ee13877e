"""The embedding models that are loaded just now: on first need, until long after the last one."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic

import structlog

from appliance.errors import ModelError
from appliance.recall.computing import Computing
from appliance.recall.embedding import Embedder, EmbeddingModel, pieces_of
from appliance.recall.loading import load as load_model
from appliance.recall.vectors import as_bytes, mean_of

IDLE_SECONDS = 600.0
QUERY_CHARS = 600
"""What a question is about stands at its beginning and at its end."""

log = structlog.get_logger(__name__)

Load = Callable[[EmbeddingModel], Embedder]


class EmbeddingModels:
    """Answers with vectors as the store keeps them. Used from the event loop alone."""

    def __init__(self, computing: Computing, load: Load = load_model) -> None:
        self._computing = computing
        self._load = load
        self._loaded: dict[EmbeddingModel, asyncio.Future[Embedder]] = {}
        self._used_at: dict[EmbeddingModel, float] = {}

    async def query(self, model: EmbeddingModel, text: str) -> bytes | None:
        """Of a question; None when the model makes nothing of it. Raises ModelError."""
        embedder = await self.get(model)
        half = QUERY_CHARS // 2
        asked = text if len(text) <= QUERY_CHARS else f"{text[:half]} {text[-half:]}"
        return as_bytes(await self._computing.run(lambda: embedder.query(asked)))

    async def passage(
        self, model: EmbeddingModel, text: str, *, in_background: bool = False
    ) -> bytes | None:
        """Of what may be found; a long text in several turns. Raises ModelError."""
        run = self._computing.run_in_background if in_background else self._computing.run
        embedder = await self.get(model)
        vectors = []
        for piece in pieces_of(text):
            vectors.append(await run(partial(embedder.passage, piece)))
        return as_bytes(vectors[0] if len(vectors) == 1 else mean_of(vectors))

    async def get(self, model: EmbeddingModel) -> Embedder:
        """The loaded model. Loading is tried again after it failed. Raises ModelError."""
        self._used_at[model] = monotonic()
        if model not in self._loaded:
            self._loaded[model] = asyncio.ensure_future(
                self._computing.run_aside(lambda: self._load(model))
            )
        loading = self._loaded[model]
        try:
            return await asyncio.shield(loading)
        except ModelError as error:
            if self._loaded.pop(model, None) is not None:
                log.warning("the embedding model could not be loaded", error=str(error))
            raise

    def drop_unused(self, now: float) -> None:
        """Let go of what nobody needed for long."""
        for model, used_at in list(self._used_at.items()):
            if now - used_at > IDLE_SECONDS:
                del self._used_at[model]
                self._loaded.pop(model, None)
