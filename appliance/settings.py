"""Every setting of the appliance: name, type, default, help, and what is allowed.

A setting is written `section.name` everywhere. Values come from a TOML file, `APPLIANCE_*`
variables, systemd credentials and the command line, in that order of growing precedence;
`settings_sources.py` reads them.
`Settings(...)` itself reads nothing from outside, so that a test gets exactly what it asks for.
A wrong or unknown value stops the start with a sentence; there is no silent default.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from appliance import settings_checks as checks
from appliance.errors import SettingsError
from appliance.settings_refusals import refusal
from appliance.settings_sources import join, read_layers, refuse_unknown

DEFAULT_MODEL = "smollm2-135m-instruct"

# Names become parts of paths, so nothing that could leave the folder.
_MODEL_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"

Whole = Annotated[int, BeforeValidator(checks.not_a_bool)]
Folder = Annotated[Path, BeforeValidator(checks.absolute_path)]
File = Folder
# NoDecode: in a variable a list is written with commas, not as JSON.
HostNames = Annotated[list[str], NoDecode, BeforeValidator(checks.host_names)]
Networks = Annotated[list[IPv4Network | IPv6Network], NoDecode, BeforeValidator(checks.networks)]


def default_data_dir() -> Path:
    """Where the data lives unless told otherwise: systemd's folder, else the person's own."""
    # systemd may list several folders; the unit's first one is the main one.
    if state := os.environ.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(state)
    # The XDG rules say that a relative path there is to be ignored.
    if (shared := Path(os.environ.get("XDG_DATA_HOME", ""))).is_absolute():
        return shared / "appliance"
    return Path("~/.local/share/appliance").expanduser()


def _setting(default: Any, help_text: str, allowed: str, **limits: Any) -> Any:
    """A field with its help; `allowed` ends the sentence "it must be ..." of a refusal."""
    if callable(default):
        limits["default_factory"] = default
    else:
        limits["default"] = default
    return Field(description=help_text, json_schema_extra={"allowed": allowed}, **limits)


def _whole(default: int | None, low: int, high: int, help_text: str) -> Any:
    allowed = f"a whole number from {low} to {high}"
    return _setting(default, help_text, allowed, ge=low, le=high)


class Section(BaseModel):
    """One table of the TOML file."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )


class ServerSettings(Section):
    """Where the page is served."""

    host: Annotated[str, AfterValidator(checks.listening_address)] = _setting(
        "127.0.0.1",
        "Address to listen on; :: is all of them, as --lan says. Other machines are served once "
        "the box is set up.",
        "an address of this machine, such as 127.0.0.1, or :: for all of them",
    )
    port: Whole = _whole(8080, 0, 65535, "Port to listen on; 0 takes any free one.")
    names: HostNames = _setting(
        list,
        "Further host names under which browsers may reach the page, such as box.lan.",
        "host names without scheme, port or wildcard, separated by commas",
    )
    public: Networks = _setting(
        list,
        "Networks beyond the LAN from which devices may connect; 0.0.0.0/0 and ::/0 are the world.",
        "addresses or networks such as 100.64.0.0/10, separated by commas",
    )
    proxies: Networks = _setting(
        list,
        "Proxies whose word is taken for who asks and whether over TLS (X-Forwarded-For, -Proto).",
        "addresses or networks such as 192.168.1.2, separated by commas",
    )
    connections: Whole = _whole(100, 8, 10_000, "Most connections of one device at the same time.")
    certificate: File | None = _setting(
        None,
        "A certificate of your own with its chain (PEM), read anew when it changes. Not set: the "
        "one of `appliance tls init`, if there is one.",
        "the path of a file",
    )
    certificate_key: File | None = _setting(
        None, "The key of that certificate (PEM, without a password).", "the path of a file"
    )

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("server.certificate and server.certificate_key are set together")
        return self


class ModelSettings(Section):
    """Which model answers."""

    directory: Folder | None = _setting(
        None,
        "Folder of the model files. Not set: the folder models inside data_dir.",
        "the path of a folder",
    )
    name: str = _setting(
        DEFAULT_MODEL,
        "Name of the model that answers; `appliance model list` shows what is here.",
        "a model name of letters, digits, '.', '_' and '-'",
        pattern=_MODEL_NAME,
    )
    draft: str | None = _setting(
        None,
        "Name of a small model of the same family that guesses ahead; pays with big models.",
        "a model name of letters, digits, '.', '_' and '-'",
        pattern=_MODEL_NAME,
    )


class EngineSettings(Section):
    """How the model is run."""

    threads: Whole | None = _whole(
        None, 1, 512, "Threads that compute. Not set: as many as there are physical cores."
    )
    slots: Whole = _whole(16, 1, 64, "How many replies may be written at the same time.")
    context_tokens: Whole | None = _whole(
        None,
        256,
        1_048_576,
        "Longest prompt and reply together, in tokens. Not set: the model's own, at most 8192.",
    )
    kv_tokens: Whole = _whole(
        16384, 256, 16_777_216, "Size of the KV cache that all slots share, in tokens."
    )
    snapshot_mb: Whole = _whole(
        2048,
        0,
        1_048_576,
        "Most disk, in megabytes, for the KV cache of conversations that are idle; 0 keeps none.",
    )
    batch_tokens: Whole = _whole(512, 32, 8192, "Most tokens that one step of the model takes in.")
    step_ms: Whole = _whole(
        200,
        20,
        5000,
        "Longest that one step of the model should take, in milliseconds, so that nobody's text "
        "stands still for longer.",
    )
    kv_type: Literal["f16", "q8_0"] = _setting(
        "f16",
        "How exactly the KV cache keeps numbers; q8_0 halves its memory for slightly less exact "
        "answers.",
        "f16 or q8_0",
    )
    waiting_limit: Whole = _whole(
        64, 1, 10_000, "How many turns may wait for a slot before new ones are turned away."
    )
    url: Annotated[str, AfterValidator(checks.http_url)] | None = _setting(
        None,
        "OpenAI-compatible address of a bigger machine that answers instead; what people write is "
        "then sent there. Not set: a model in this box answers.",
        "an address such as http://bigbox:8000/v1, without name, password, ? or #",
    )
    url_key: Annotated[SecretStr, AfterValidator(checks.api_key)] | None = _setting(
        None,
        "The key that the machine at engine.url asks for, if it does.",
        "letters, digits and signs of ASCII without blanks",
    )
    url_model: str | None = _setting(
        None,
        "Which of its models answers. Not set: the first one that it lists.",
        "a name of at most 300 characters",
        min_length=1,
        max_length=300,
    )
    url_context_tokens: Whole | None = _whole(
        None,
        256,
        16_777_216,
        "Longest prompt and reply together there, in tokens. Not set: what it says of itself, "
        "else 8192.",
    )

    @model_validator(mode="after")
    def _a_step_has_room_to_read(self) -> Self:
        """Each reply takes a token of every step; what is left is for reading prompts."""
        if self.batch_tokens < 2 * self.slots:
            raise ValueError(
                f"engine.batch_tokens is {self.batch_tokens} but engine.slots is {self.slots}: "
                f"raise engine.batch_tokens to at least {2 * self.slots}"
            )
        return self

    @model_validator(mode="after")
    def _one_conversation_fits(self) -> Self:
        if self.context_tokens is not None and self.context_tokens > self.kv_tokens:
            raise ValueError(
                f"engine.context_tokens is {self.context_tokens} but engine.kv_tokens is only "
                f"{self.kv_tokens}: raise engine.kv_tokens to at least as much"
            )
        return self

    @property
    def open_turns(self) -> int:
        """How many turns may be written or waited for at once."""
        return self.slots + self.waiting_limit


class HotSettings(Section):
    """Valkey, which makes things faster and is never needed."""

    url: Annotated[SecretStr, AfterValidator(checks.valkey_url)] | None = _setting(
        None,
        "A Valkey server of your own. Not set: the appliance starts a private one.",
        "unix:///path/of/the/socket or redis://host:port/number",
    )
    memory_mb: Whole = _whole(64, 8, 65_536, "Most memory of the private Valkey, in MB.")
    embedded: bool = _setting(
        True,
        "Start a private Valkey when no hot.url is set; false runs without Valkey.",
        "true or false",
    )


class LimitsSettings(Section):
    """What one person may ask for."""

    message_chars: Whole = _whole(32_000, 1, 1_000_000, "Longest message, in characters.")
    reply_tokens: Whole = _whole(2048, 1, 131_072, "Longest reply, in tokens.")
    context_full: Literal["shift", "stop"] = _setting(
        "shift",
        "When a conversation no longer fits into the model's context: shift leaves out its oldest "
        "messages and says so, stop ends it.",
        "shift or stop",
    )
    requests_per_minute: Whole = _whole(
        120,
        0,
        100_000,
        "How often one person may ask in a minute, until an administrator says otherwise; 0 is no "
        "limit.",
    )
    tokens_per_day: Whole = _whole(
        2_000_000,
        0,
        1_000_000_000,
        "How many tokens one person may have read and written in a day, until an administrator "
        "says otherwise; 0 is no limit.",
    )


class DocumentsSettings(Section):
    """Files that people put in to be asked about."""

    file_mb: Whole = _whole(100, 1, 2000, "Largest document, in MB.")
    person_mb: Whole = _whole(
        2000, 1, 1_000_000, "How much room all documents of one person may take, in MB."
    )
    folder: Folder | None = _setting(
        None,
        "A folder of this machine that is watched; everybody can ask about what lies in it.",
        "the path of a folder",
    )


class AccountsSettings(Section):
    """How long somebody stays signed in."""

    idle_days: Whole = _whole(30, 1, 365, "Days without use after which a browser is signed out.")
    longest_days: Whole = _whole(
        180, 1, 3650, "Days after which a browser is signed out even if it was used."
    )


class AssistantSettings(Section):
    """How the assistant sees itself."""

    system_prompt: str = _setting(
        "You are a helpful assistant.",
        "What the model is told before every conversation.",
        "a text of at most 8000 characters",
        max_length=8000,
    )
    titles: bool = _setting(
        True,
        "Let the model find titles for new conversations; false leaves their first words.",
        "true or false",
    )
    summaries: bool = _setting(
        True,
        "Let the model sum up messages before they no longer fit, and read that instead; false "
        "makes no summaries.",
        "true or false",
    )
    facts: bool = _setting(
        True,
        "Let the model look for lasting facts in what people say of themselves; false looks for "
        "none, and what is known is still told.",
        "true or false",
    )


class RecallSettings(Section):
    """What the box remembers of earlier conversations, and by which model it finds it."""

    enabled: bool = _setting(
        True,
        "Index what is said, so that it can be recalled later; false indexes and recalls nothing.",
        "true or false",
    )
    model: Annotated[str, AfterValidator(checks.embedding_model)] = _setting(
        "multilingual",
        "The embedding model: multilingual, english, or the folder of one that "
        "sentence-transformers can load. Another one makes all vectors anew, in the background.",
        "multilingual, english or the path of a folder",
    )
    dimension: Whole = _whole(
        384, 8, 4096, "How many numbers a vector of the embedding model in recall.model has."
    )
    query_prefix: str = _setting(
        "",
        "What is put before a question for the model in a folder, if it was trained so.",
        "a text of at most 500 characters",
        max_length=500,
    )
    passage_prefix: str = _setting(
        "",
        "What is put before a text that may be found, likewise.",
        "a text of at most 500 characters",
        max_length=500,
    )


class LogSettings(Section):
    """What is written to the log."""

    level: Literal["debug", "info", "warning", "error"] = _setting(
        "info",
        "Least important kind of line that is logged. Messages are never logged.",
        "debug, info, warning or error",
    )


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

    data_dir: Folder = _setting(
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
