"""The draft model that the settings name, loaded beside the model that answers.

It only makes replies quicker, so nothing that is wrong with it stops the box.
"""

import logging
from typing import TYPE_CHECKING

from appliance.cpu import physical_cores
from appliance.errors import ModelError, ModelRefused
from appliance.model_files.library import ModelLibrary
from appliance.sentences import said_before, say
from appliance.settings import Settings

if TYPE_CHECKING:
    from appliance.engine.llama_backend import LlamaBackend
    from appliance.engine.llama_draft import LlamaDraft

log = logging.getLogger(__name__)


def add_draft_model(main: "LlamaBackend", settings: Settings, library: ModelLibrary) -> str:
    """Load it for `main`, on the compute thread; returns why the box runs without it, if it does
    although one was asked for.
    """
    name = settings.model.draft
    if name is None:
        return ""
    try:
        main.draft_model = _load(name, main, settings, library)
    except (ModelError, OSError) as error:
        trouble = say(
            "The draft model %(model)s is not used: %(reason)s",
            model=name,
            reason=said_before(str(error)),
        )
        log.warning("%s", trouble)
        return trouble
    log.info("the draft model %s guesses ahead", name)
    return ""


def _load(
    name: str, main: "LlamaBackend", settings: Settings, library: ModelLibrary
) -> "LlamaDraft":
    # llama.cpp takes a second to import; the CLI and most tests never need it.
    from appliance.engine.llama_draft import DraftSettings, LlamaDraft

    if not main.can_drop:
        raise ModelRefused(
            "the model that answers cannot take a wrong guess back. Remove model.draft from the "
            "settings."
        )
    engine = settings.engine
    longest = min(main.vocabulary.context_tokens, engine.kv_tokens)
    sizes = DraftSettings(
        threads=engine.threads or physical_cores(),
        kv_tokens=max(longest, engine.kv_tokens // 2),
        batch_tokens=engine.batch_tokens,
    )
    return LlamaDraft(library.find(name).path, sizes, main.token_texts())
