"""Every setting of the appliance: name, type, default, help, and what is allowed.

A setting is written `section.name` everywhere. Values come from a TOML file, `APPLIANCE_*`
variables, systemd credentials and the command line, in that order of growing precedence;
`settings_sources.py` reads them; the sections are in `settings_sections.py` and
`settings_engine.py`.
`Settings(...)` itself reads nothing from outside, so that a test gets exactly what it asks for.
A wrong or unknown value stops the start with a sentence; there is no silent default.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from appliance.errors import SettingsError
from appliance.settings_engine import EngineSettings, ModelSettings
from appliance.settings_kinds import Folder, Section, setting
from appliance.settings_refusals import refusal
from appliance.settings_sections import (
    AccountsSettings,
    AssistantSettings,
    BackupSettings,
    DocumentsSettings,
    HotSettings,
    LimitsSettings,
    LogSettings,
    RecallSettings,
    ServerSettings,
)
from appliance.settings_sources import join, read_layers, refuse_unknown


def default_data_dir() -> Path:
    """Where the data lives unless told otherwise: systemd's folder, else the person's own."""
    # systemd may list several folders; the unit's first one is the main one.
    if state := os.environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(state)
    # The XDG rules say that a relative path there is to be ignored.
    if (shared := Path(os.environ.get("XDG_DATA_HOME", ""))).is_absolute():
        return shared / "appliance"
    return Path("~/.local/share/appliance").expanduser()


class Settings(BaseSettings):
    """All settings, checked; made by `Settings.load()`, or directly in tests."""

    model_config = SettingsConfigDict(
        env_prefix="APPLIANCE_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    data_dir: Folder = setting(
        default_data_dir,
        "Folder of everything that is kept: conversations, models added, caches.",
        "the path of a folder",
    )
    server: ServerSettings = Field(default_factory=ServerSettings)
    model: ModelSettings = Field(default_factory=ModelSettings)
    engine: EngineSettings = Field(default_factory=EngineSettings)
    hot: HotSettings = Field(default_factory=HotSettings)
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    documents: DocumentsSettings = Field(default_factory=DocumentsSettings)
    accounts: AccountsSettings = Field(default_factory=AccountsSettings)
    assistant: AssistantSettings = Field(default_factory=AssistantSettings)
    recall: RecallSettings = Field(default_factory=RecallSettings)
    backup: BackupSettings = Field(default_factory=BackupSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    _sources: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def model_dir(self) -> Path:
        """Folder of the model files."""
        return self.model.directory or self.data_dir / "models"

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], *sources: Any, **named: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given; `load` has read and joined everything else."""
        return (named["init_settings"],)

    @classmethod
    def load(cls, toml_path: Path | None = None, **overrides: Any) -> Self:
        """Read and check all sources; raises SettingsError with what is wrong and what is allowed.

        Overrides come from the command line and win: `load(server={"port": 0})`, or
        `load(**{"server.port": 0})`. An override that is None was not given.
        """
        known = {name: field for name, field in fields_of(cls)}
        layers = read_layers(cls, toml_path, overrides)
        refuse_unknown(layers, set(known), sections=set(cls.model_fields) - set(known))
        try:
            settings = cls(**join(layers))
        except ValidationError as error:
            # `from None`: the original error holds the values, and one may be a secret.
            raise SettingsError(refusal(error, known, layers)) from None
        settings._sources.update(
            {name: layer.source_of(name) for layer in layers for name in layer.values}
        )
        return settings


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `appliance settings`; a secret's value is masked already."""

    name: str
    value: str
    default: str
    source: str
    help: str


def describe(settings: Settings) -> list[SettingRow]:
    """Every setting with its value, its default and where the value came from."""
    values = dict(_leaves(settings))
    return [
        SettingRow(
            name=name,
            value=_shown(values[name]),
            default=_shown(field.get_default(call_default_factory=True, validated_data={})),
            source=settings._sources.get(name, "default"),
            help=field.description or "",
        )
        for name, field in fields_of(type(settings))
    ]


def fields_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Each setting's full name and field, sections opened up."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from fields_of(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def _leaves(model: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in model:
        if isinstance(value, Section):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(value: Any) -> str:
    match value:
        case None:
            return "not set"
        case SecretStr():
            return "********"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value)) or "none"
        case _:
            return str(value)
