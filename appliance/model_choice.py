"""Which model this process runs, and how it is loaded. Loading happens on the compute thread."""

from collections.abc import Callable, Mapping
from functools import partial

from appliance.conversations.model_profile import ModelProfile
from appliance.cpu import physical_cores
from appliance.draft_choice import add_draft_model
from appliance.engine.backend import Backend
from appliance.engine.engine_limits import seats_for
from appliance.engine.heartbeat import Heartbeat
from appliance.model_files.installed import InstalledModel
from appliance.model_files.library import ModelLibrary
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL


class ModelChoice:
    """The model that the settings name, or that `appliance model use` chose.

    A missing or broken file shows when it is loaded, not before: the page comes up all the same and
    says what to do.
    """

    def __init__(
        self, settings: Settings, library: ModelLibrary, heartbeat: Heartbeat | None = None
    ) -> None:
        self._heartbeat = heartbeat or Heartbeat()
        self._settings = settings
        self._library = library
        self._installed: InstalledModel | None = None
        self.name = self.wanted()
        """The one that is loaded, or being loaded."""
        self.loaded_percent = 0
        """How much of it has been read; of interest while it is being loaded."""
        self.draft_trouble = ""
        """Why the draft model that the settings name is not used, if it is not."""

    def wanted(self) -> str:
        """The name as it is chosen now."""
        return self._library.chosen(self._settings.model.name, DEFAULT_MODEL)

    def check(self, name: str) -> None:
        """Raises ModelError for a model whose file is missing or is not the one accepted."""
        self._library.find(name)

    def loader(self, name: str) -> Callable[[], Backend]:
        """What loads that model, on the compute thread. It raises ModelError."""
        return partial(self._load, name)

    def _load(self, name: str) -> Backend:
        # llama.cpp takes a second to import; the CLI and most tests never need it.
        from appliance.engine.llama_backend import LlamaBackend
        from appliance.engine.llama_loading import BackendSettings

        self.name, self._installed, self.loaded_percent = name, None, 0
        self._installed = self._library.find(name)
        engine = self._settings.engine
        backend = LlamaBackend(
            self._installed.path,
            BackendSettings(
                threads=engine.threads or physical_cores(),
                seats=seats_for(engine.slots),
                kv_tokens=engine.kv_tokens,
                batch_tokens=engine.batch_tokens,
                context_tokens=engine.context_tokens,
                model_sha256=self._installed.sha256,
                kv_type=engine.kv_type,
                adapters=tuple((a.path, a.sha256, a.scale) for a in self._installed.adapters),
            ),
            self._note_progress,
        )
        self.draft_trouble = add_draft_model(backend, self._settings, self._library)
        return backend

    def _note_progress(self, share: float) -> None:
        percent = round(100 * share)
        if percent != self.loaded_percent:
            self._heartbeat.begin_loading()
        self.loaded_percent = percent

    def profile(self) -> ModelProfile:
        """Name, hash and sampling defaults; the name alone until the file is found."""
        model = self._installed
        if model is None:
            return ModelProfile(self.name)
        return ModelProfile(model.name, model.sha256, model.sampling)

    def template_values(self) -> Mapping[str, object]:
        """What this model's chat template is to be told beside the messages."""
        model = self._installed
        return {} if model is None else model.template_values
