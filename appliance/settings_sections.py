"""Settings of everything but the engine, a class for each section."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, SecretStr, model_validator

from appliance import settings_checks as checks
from appliance.settings_kinds import (
    File,
    Folder,
    HostNames,
    Networks,
    Section,
    Whole,
    setting,
    whole,
)


class ServerSettings(Section):
    """Where the page is served."""

    host: Annotated[str, AfterValidator(checks.listening_address)] = setting(
        "127.0.0.1",
        "Address to listen on; :: is all of them, as --lan says. Other machines are served once "
        "the box is set up.",
        "an address of this machine, such as 127.0.0.1, or :: for all of them",
    )
    port: Whole = whole(8080, 0, 65535, "Port to listen on; 0 takes any free one.")
    names: HostNames = setting(
        list,
        "Further host names under which browsers may reach the page, such as box.lan.",
        "host names without scheme, port or wildcard, separated by commas",
    )
    public: Networks = setting(
        list,
        "Networks beyond the LAN from which devices may connect; 0.0.0.0/0 and ::/0 are the world.",
        "addresses or networks such as 100.64.0.0/10, separated by commas",
    )
    proxies: Networks = setting(
        list,
        "Proxies whose word is taken for who asks and whether over TLS (X-Forwarded-For, -Proto).",
        "addresses or networks such as 192.168.1.2, separated by commas",
    )
    connections: Whole = whole(100, 8, 10_000, "Most connections of one device at the same time.")
    certificate: File | None = setting(
        None,
        "A certificate of your own with its chain (PEM), read anew when it changes. Not set: the "
        "one of `appliance tls init`, if there is one.",
        "the path of a file",
    )
    certificate_key: File | None = setting(
        None, "The key of that certificate (PEM, without a password).", "the path of a file"
    )

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if (self.certificate is None) != (self.certificate_key is None):
            raise ValueError("server.certificate and server.certificate_key are set together")
        return self


class HotSettings(Section):
    """Valkey, which makes things faster and is never needed."""

    url: Annotated[SecretStr, AfterValidator(checks.valkey_url)] | None = setting(
        None,
        "A Valkey server of your own. Not set: the appliance starts a private one.",
        "unix:///path/of/the/socket or redis://host:port/number",
    )
    memory_mb: Whole = whole(64, 8, 65_536, "Most memory of the private Valkey, in MB.")
    embedded: bool = setting(
        True,
        "Start a private Valkey when no hot.url is set; false runs without Valkey.",
        "true or false",
    )


class LimitsSettings(Section):
    """What one person may ask for."""

    message_chars: Whole = whole(32_000, 1, 1_000_000, "Longest message, in characters.")
    reply_tokens: Whole = whole(2048, 1, 131_072, "Longest reply, in tokens.")
    context_full: Literal["shift", "stop"] = setting(
        "shift",
        "When a conversation no longer fits into the model's context: shift leaves out its oldest "
        "messages and says so, stop ends it.",
        "shift or stop",
    )
    requests_per_minute: Whole = whole(
        120,
        0,
        100_000,
        "How often one person may ask in a minute, until an administrator says otherwise; 0 is no "
        "limit.",
    )
    tokens_per_day: Whole = whole(
        2_000_000,
        0,
        1_000_000_000,
        "How many tokens one person may have read and written in a day, until an administrator "
        "says otherwise; 0 is no limit.",
    )


class DocumentsSettings(Section):
    """Files that people put in to be asked about."""

    file_mb: Whole = whole(100, 1, 2000, "Largest document, in MB.")
    person_mb: Whole = whole(
        2000, 1, 1_000_000, "How much room all documents of one person may take, in MB."
    )
    folder: Folder | None = setting(
        None,
        "A folder of this machine that is watched; everybody can ask about what lies in it.",
        "the path of a folder",
    )


class AccountsSettings(Section):
    """How long somebody stays signed in."""

    idle_days: Whole = whole(30, 1, 365, "Days without use after which a browser is signed out.")
    longest_days: Whole = whole(
        180, 1, 3650, "Days after which a browser is signed out even if it was used."
    )


class AssistantSettings(Section):
    """How the assistant sees itself."""

    system_prompt: str = setting(
        "You are a helpful assistant.",
        "What the model is told before every conversation.",
        "a text of at most 8000 characters",
        max_length=8000,
    )
    titles: bool = setting(
        True,
        "Let the model find titles for new conversations; false leaves their first words.",
        "true or false",
    )
    summaries: bool = setting(
        True,
        "Let the model sum up messages before they no longer fit, and read that instead; false "
        "makes no summaries.",
        "true or false",
    )
    facts: bool = setting(
        True,
        "Let the model look for lasting facts in what people say of themselves; false looks for "
        "none, and what is known is still told.",
        "true or false",
    )


class RecallSettings(Section):
    """What the box remembers of earlier conversations, and by which model it finds it."""

    enabled: bool = setting(
        True,
        "Index what is said, so that it can be recalled later; false indexes and recalls nothing.",
        "true or false",
    )
    model: Annotated[str, AfterValidator(checks.embedding_model)] = setting(
        "multilingual",
        "The embedding model: multilingual, english, or the folder of one that "
        "sentence-transformers can load. Another one makes all vectors anew, in the background.",
        "multilingual, english or the path of a folder",
    )
    dimension: Whole = whole(
        384, 8, 4096, "How many numbers a vector of the embedding model in recall.model has."
    )
    query_prefix: str = setting(
        "",
        "What is put before a question for the model in a folder, if it was trained so.",
        "a text of at most 500 characters",
        max_length=500,
    )
    passage_prefix: str = setting(
        "",
        "What is put before a text that may be found, likewise.",
        "a text of at most 500 characters",
        max_length=500,
    )


class BackupSettings(Section):
    """Where backups go, and how many stay."""

    folder: Folder | None = setting(
        None,
        "Folder of the backups, on another disk if there is one. Not set: data_dir/backups.",
        "the path of a folder",
    )
    daily: Whole = whole(7, 1, 366, "Of how many days the last backup stays.")
    weekly: Whole = whole(4, 0, 520, "Of how many weeks the last backup stays.")
    passphrase: SecretStr | None = setting(
        None,
        "What backups are encrypted with. Not set: they are not. Write it down elsewhere, too.",
        "a text",
    )


class LogSettings(Section):
    """What is written to the log."""

    level: Literal["debug", "info", "warning", "error"] = setting(
        "info",
        "Least important kind of line that is logged. Messages are never logged.",
        "debug, info, warning or error",
    )
