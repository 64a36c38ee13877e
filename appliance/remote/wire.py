"""The shapes that go to and fro, in the dialects of the servers we know. Pure.

OpenAI's own fields are understood by all. How to go on with a reply, to hear how far a prompt is
read, and the rarer samplers are each server's own, so they go only to servers known to have them.
"""

from enum import StrEnum
from typing import Any

import msgspec

from appliance.engine.sequence import SamplingParams
from appliance.remote.prompt import RemotePrompt
from appliance.remote.sampling import given_of


class Dialect(StrEnum):
    """What `owned_by` of a server's models tells of the server."""

    LLAMA_SERVER = "llamacpp"
    VLLM = "vllm"
    PLAIN = "plain"

    @classmethod
    def of(cls, owned_by: str) -> "Dialect":
        return cls(owned_by) if owned_by in (cls.LLAMA_SERVER, cls.VLLM) else cls.PLAIN


class ModelMeta(msgspec.Struct):
    """What llama-server tells of a model."""

    n_ctx: int | None = None
    n_ctx_train: int | None = None


class ModelEntry(msgspec.Struct):
    """One model of GET /models."""

    id: str
    owned_by: str = ""
    aliases: list[str] = []
    max_model_len: int | None = None
    meta: ModelMeta | None = None


class ModelList(msgspec.Struct):
    data: list[ModelEntry]


class PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class Usage(msgspec.Struct):
    """What the server counted; comes last."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: PromptDetails | None = None


class PromptProgress(msgspec.Struct):
    """llama-server's word on how much of a prompt is read."""

    processed: int
    total: int


class Delta(msgspec.Struct):
    content: str | None = None


class Choice(msgspec.Struct):
    delta: Delta | None = None
    finish_reason: str | None = None


class Chunk(msgspec.Struct):
    """One event of a streamed reply."""

    choices: list[Choice] = []
    usage: Usage | None = None
    prompt_progress: PromptProgress | None = None
    error: Any = None

    @property
    def error_words(self) -> str:
        if isinstance(self.error, dict):
            return str(self.error.get("message", ""))
        return str(self.error)


class TokenizeAnswer(msgspec.Struct):
    """vLLM counts; llama-server lists."""

    count: int | None = None
    tokens: list[Any] = []


def can_continue(dialect: Dialect) -> bool:
    """Whether there is a known way to go on with a reply that was begun."""
    return dialect is not Dialect.PLAIN


def chat_body(
    model: str, dialect: Dialect, prompt: RemotePrompt, sampling: SamplingParams
) -> dict[str, Any]:
    """The body of POST /chat/completions."""
    messages = [{"role": role, "content": content} for role, content in prompt.messages]
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": sampling.max_tokens,
        "seed": sampling.seed,
        **_samplers(dialect, sampling),
    }
    if sampling.stop:
        body["stop"] = list(sampling.stop)
    if dialect is Dialect.LLAMA_SERVER:
        body |= {"return_progress": True, "cache_prompt": True}
    if prompt.reply_so_far:
        # Both servers take these; llama-server goes on with a last assistant message anyway.
        messages.append({"role": "assistant", "content": prompt.reply_so_far})
        body |= {"continue_final_message": True, "add_generation_prompt": False, "echo": False}
    return body


def tokenize_body(model: str, dialect: Dialect, text: str) -> dict[str, Any]:
    """The body of POST /tokenize: a plain text, without what a template puts around it."""
    vllm = {"model": model, "prompt": text, "add_special_tokens": False}
    llama_server = {"content": text, "add_special": False}
    match dialect:
        case Dialect.VLLM:
            return vllm
        case Dialect.LLAMA_SERVER:
            return llama_server
        case _:
            return vllm | llama_server


def _samplers(dialect: Dialect, sampling: SamplingParams) -> dict[str, Any]:
    """What somebody asked for; for the rest the machine's own defaults are the better ones."""
    given = given_of(sampling)
    names = {"temperature": "temperature", "top_p": "top_p"}
    if dialect is not Dialect.PLAIN:
        penalty = "repetition_penalty" if dialect is Dialect.VLLM else "repeat_penalty"
        names |= {"top_k": "top_k", "min_p": "min_p", "repeat_penalty": penalty}
    return {theirs: getattr(sampling, ours) for ours, theirs in names.items() if ours in given}
