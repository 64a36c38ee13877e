"""Settings of the model and of what computes."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, SecretStr, model_validator

from appliance import settings_checks as checks
from appliance.settings_kinds import MODEL_NAME, Folder, Section, Whole, setting, whole

DEFAULT_MODEL = "smollm2-135m-instruct"


class ModelSettings(Section):
    """Which model answers."""

    directory: Folder | None = setting(
        None,
        "Folder of the model files. Not set: the folder models inside data_dir.",
        "the path of a folder",
    )
    name: str = setting(
        DEFAULT_MODEL,
        "Name of the model that answers; `appliance model list` shows what is here.",
        "a model name of letters, digits, '.', '_' and '-'",
        pattern=MODEL_NAME,
    )
    draft: str | None = setting(
        None,
        "Name of a small model of the same family that guesses ahead; pays with big models.",
        "a model name of letters, digits, '.', '_' and '-'",
        pattern=MODEL_NAME,
    )


class EngineSettings(Section):
    """How the model is run."""

    threads: Whole | None = whole(
        None, 1, 512, "Threads that compute. Not set: as many as there are physical cores."
    )
    slots: Whole = whole(16, 1, 64, "How many replies may be written at the same time.")
    context_tokens: Whole | None = whole(
        None,
        256,
        1_048_576,
        "Longest prompt and reply together, in tokens. Not set: the model's own, at most 8192.",
    )
    kv_tokens: Whole = whole(
        16384, 256, 16_777_216, "Size of the KV cache that all slots share, in tokens."
    )
    snapshot_mb: Whole = whole(
        2048,
        0,
        1_048_576,
        "Most disk, in megabytes, for the KV cache of conversations that are idle; 0 keeps none.",
    )
    batch_tokens: Whole = whole(512, 32, 8192, "Most tokens that one step of the model takes in.")
    step_ms: Whole = whole(
        200,
        20,
        5000,
        "Longest that one step of the model should take, in milliseconds, so that nobody's text "
        "stands still for longer.",
    )
    kv_type: Literal["f16", "q8_0"] = setting(
        "f16",
        "How exactly the KV cache keeps numbers; q8_0 halves its memory for slightly less exact "
        "answers.",
        "f16 or q8_0",
    )
    waiting_limit: Whole = whole(
        64, 1, 10_000, "How many turns may wait for a slot before new ones are turned away."
    )
    url: Annotated[str, AfterValidator(checks.http_url)] | None = setting(
        None,
        "OpenAI-compatible address of a bigger machine that answers instead; what people write is "
        "then sent there. Not set: a model in this box answers.",
        "an address such as http://bigbox:8000/v1, without name, password, ? or #",
    )
    url_key: Annotated[SecretStr, AfterValidator(checks.api_key)] | None = setting(
        None,
        "The key that the machine at engine.url asks for, if it does.",
        "letters, digits and signs of ASCII without blanks",
    )
    url_model: str | None = setting(
        None,
        "Which of its models answers. Not set: the first one that it lists.",
        "a name of at most 300 characters",
        min_length=1,
        max_length=300,
    )
    url_context_tokens: Whole | None = whole(
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
