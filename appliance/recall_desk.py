"""Recall, joined: who indexes, who searches, and the models that both use."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from appliance.engine_choice import ChatEngine
from appliance.recall.computing import Computing
from appliance.recall.documents import NameDocuments, no_documents
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.indexer import Indexer
from appliance.recall.models import EmbeddingModels
from appliance.recall.recall import Recall
from appliance.settings import Settings
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class RecallDesk:
    """One for the whole box, over the database on its disk: temporary conversations have none."""

    recall: Recall
    indexer: Indexer
    models: EmbeddingModels
    model: EmbeddingModel


def model_of(settings: Settings) -> EmbeddingModel:
    """The embedding model that the settings name."""
    asked = settings.recall
    return EmbeddingModel(asked.model, asked.dimension, asked.query_prefix, asked.passage_prefix)


@asynccontextmanager
async def open_recall_desk(
    settings: Settings,
    database: Database,
    engine: ChatEngine,
    name_documents: NameDocuments = no_documents,
) -> AsyncIterator[RecallDesk]:
    """Join it, and begin to index; on leaving, what is not indexed stays for the next start."""
    model = model_of(settings)
    async with AsyncExitStack() as stack:
        computing = Computing(engine.turns)
        stack.callback(computing.close)
        models = EmbeddingModels(computing)
        indexer = Indexer(database, models, model)
        if settings.recall.enabled:
            indexer.start()
            stack.push_async_callback(indexer.stop)
        recall = Recall(database, models, name_documents)
        yield RecallDesk(recall, indexer, models, model)
