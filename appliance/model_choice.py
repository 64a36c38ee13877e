"""Which model this process runs, and how it is loaded. Loading happens on the compute thread."""

from collections.abc import Mapping

from appliance.conversations.model_profile import ModelProfile
from appliance.cpu import physical_cores
from appliance.engine.backend import Backend
from appliance.engine.engine import seats_for
from appliance.model_files.library import InstalledModel, ModelLibrary
from appliance.settings import DEFAULT_MODEL, Settings


class ModelChoice:
    """The model that the settings name.

    A missing or broken file shows when it is loaded, not before: the page comes up all the same and
    says what to do.
    """

    def __init__(self, settings: Settings, library: ModelLibrary) -> None:
        self._settings = settings
        self._library = library
        self._name = library.chosen(settings.model.name, DEFAULT_MODEL)
        self._installed: InstalledModel | None = None

    def load(self) -> Backend:
        """Find, check and open the model. Raises ModelError."""
        # llama.cpp takes a second to import; the CLI and most tests never need it.
        from appliance.engine.llama_backend import BackendSettings, LlamaBackend

        self._installed = self._library.find(self._name)
        engine = self._settings.engine
        return LlamaBackend(
            self._installed.path,
            BackendSettings(
                threads=engine.threads or physical_cores(),
                seats=seats_for(engine.slots),
                kv_tokens=engine.kv_tokens,
                batch_tokens=engine.batch_tokens,
                context_tokens=engine.context_tokens,
                model_sha256=self._installed.sha256,
                kv_type=engine.kv_type,
            ),
        )

    def profile(self) -> ModelProfile:
        """Name, hash and sampling defaults; the name alone until the file is found."""
        if self._installed is None:
            return ModelProfile(self._name)
        model = self._installed
        return ModelProfile(model.name, model.sha256, model.sampling)

    def template_values(self) -> Mapping[str, object]:
        """What this model's chat template is to be told beside the messages."""
        return {} if self._installed is None else self._installed.template_values
