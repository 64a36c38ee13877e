"""OpenAI's shapes: what comes in, what goes out, and what is refused. Pure.

Only what changes the answer is named here; other fields that clients send (user, metadata ...) are
ignored. `store: false` keeps what was computed for the request off the disk. A field that would
change the answer and is not supported is refused rather than dropped silently.
"""

import time
from typing import Any

import msgspec

from appliance.conversations.accepting import check_text
from appliance.conversations.conversation import new_id
from appliance.engine.events import SequenceCounts
from appliance.errors import InvalidInput
from appliance.routes.response_format import ResponseFormat, reply_grammar

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


class TextPart(msgspec.Struct):
    """One part of a message that is sent in parts."""

    type: str
    text: str = ""


class ChatMessage(msgspec.Struct):
    """One message of the request."""

    role: str
    content: str | list[TextPart]

    def pair(self) -> tuple[str, str]:
        """(role, text). Raises InvalidInput."""
        if self.role not in _ROLES:
            raise InvalidInput(
                f"`{self.role}` is no role here; use system, developer, user or assistant."
            )
        content = self.content
        if not isinstance(content, str):
            if any(part.type != "text" for part in content):
                raise InvalidInput("Only parts of type `text` can be read; leave the others out.")
            content = "".join(part.text for part in content)
        check_text(content)
        return _ROLES[self.role], content


class StreamOptions(msgspec.Struct):
    include_usage: bool = False


class ChatRequest(msgspec.Struct):
    """The body of POST /v1/chat/completions."""

    model: str
    messages: list[ChatMessage]
    stream: bool = False
    store: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    stop: str | list[str] | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: ResponseFormat | None = None
    grammar: str | None = None
    json_schema: Any = None
    logprobs: bool | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    logit_bias: dict[str, Any] | None = None

    def pairs(self) -> list[tuple[str, str]]:
        """The messages as (role, text). Raises InvalidInput."""
        return [message.pair() for message in self.messages]

    def sampling(self) -> dict[str, Any]:
        """Overrides of the model's sampling defaults. Raises InvalidInput, GrammarRefused."""
        self._refuse_unsupported()
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stop) > 16 or any(not text or len(text) > 256 for text in stop):
            raise InvalidInput("`stop` takes at most 16 texts of 1 to 256 characters.")
        max_tokens = self.max_completion_tokens or self.max_tokens
        _check("temperature", self.temperature, 0, 2)
        _check("top_p", self.top_p, 0, 1)
        _check("min_p", self.min_p, 0, 1)
        _check("top_k", self.top_k, 0, 1000)
        _check("repeat_penalty", self.repeat_penalty, 0.5, 2)
        _check("max_tokens", max_tokens, 1, 1_000_000)
        given = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repeat_penalty": self.repeat_penalty,
            "seed": None if self.seed is None else self.seed % 2**32,
            "max_tokens": max_tokens,
            "stop": tuple(stop) or None,
            "grammar": reply_grammar(self.response_format, self.grammar) or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def is_constrained(self) -> bool:
        """Whether `sampling` has a grammar to read, which may take a moment."""
        return bool(self.grammar or self.response_format)

    def _refuse_unsupported(self) -> None:
        if self.n not in (None, 1):
            raise InvalidInput("`n` must be 1; ask again for another answer.")
        for name in ("tools", "functions", "logprobs", "frequency_penalty", "presence_penalty",
                     "logit_bias", "json_schema"):  # fmt: skip
            if getattr(self, name):
                raise InvalidInput(f"`{name}` is not supported here; leave it out.")


def _check(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise InvalidInput(f"`{name}` is {value}; it must be from {low} to {high:,}.")


class Answer:
    """Builds the chunks, or the one body, of one completion."""

    def __init__(self, model: str) -> None:
        self._id = f"chatcmpl-{new_id()}"
        self._created = int(time.time())
        self._model = model

    def chunk(self, delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return {**self._head("chat.completion.chunk"), "choices": [choice]}

    def usage_chunk(self, counts: SequenceCounts) -> dict[str, Any]:
        head = self._head("chat.completion.chunk")
        return {**head, "choices": [], "usage": _usage(counts)}

    def whole(self, text: str, finish_reason: str, counts: SequenceCounts) -> dict[str, Any]:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": finish_reason,
        }
        return {**self._head("chat.completion"), "choices": [choice], "usage": _usage(counts)}

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}


def model_list(name: str, created: int) -> dict[str, Any]:
    """The answer of GET /v1/models."""
    return {"object": "list", "data": [model_entry(name, created)]}


def model_entry(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": "this box"}


def error_body(status: int, sentence: str, over: str = "") -> dict[str, Any]:
    """OpenAI's error shape; `over` is what there is a limit of, when that was reached."""
    kinds: dict[int, tuple[str, str | None]] = {
        401: ("invalid_request_error", "invalid_api_key"),
        403: ("invalid_request_error", "insufficient_permissions"),
        404: ("invalid_request_error", "model_not_found"),
        429: (over, "rate_limit_exceeded") if over else ("server_error", "queue_full"),
        503: ("server_error", "engine_unavailable"),
    }
    default = ("server_error" if status >= 500 else "invalid_request_error", None)
    kind, code = kinds.get(status, default)
    return {"error": {"message": sentence, "type": kind, "param": None, "code": code}}


def _usage(counts: SequenceCounts) -> dict[str, Any]:
    return {
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cached_tokens},
    }
