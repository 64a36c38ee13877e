"""/v1: vectors of texts, and what was said before, under a key.

There is no /v1/rerank: this box has no model for it.
"""

import base64
import struct
from time import time
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency

from appliance.conversations.conversation import Person
from appliance.errors import Conflict, InvalidInput
from appliance.recall.embedding import EmbeddingModel
from appliance.recall.found import MessageSource, Recalled
from appliance.recall.models import EmbeddingModels
from appliance.recall.recall import Recall

MOST_TEXTS = 64
MOST_CHARS = 8_000
_TOO_MUCH = "Send 1 to 64 texts of at most 8000 characters each."
_NO_VECTOR = "One of the texts is empty, or the model makes nothing of it."

Depth = Annotated[int, msgspec.Meta(ge=1, le=50)]


class EmbeddingRequest(msgspec.Struct):
    """As programs for OpenAI send it."""

    input: str | list[str]
    model: str = "default"
    encoding_format: Literal["float", "base64"] = "float"


class RecallRequest(msgspec.Struct):
    """A question to what its person said, and to their documents."""

    query: str
    k: Depth = 8
    without_conversation: str | None = None


@post(
    "/v1/embeddings",
    status_code=200,
    opt={"scope": "embeddings", "keys_only": True},
)
async def embeddings(
    request: Request[Any, Any, Any],
    embedding_models: NamedDependency[EmbeddingModels],
    embedding_model: NamedDependency[EmbeddingModel],
) -> dict[str, Any]:
    """A vector for each text, of length 1."""
    asked = _decoded(await request.body(), EmbeddingRequest)
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    if not 1 <= len(texts) <= MOST_TEXTS or any(len(text) > MOST_CHARS for text in texts):
        raise InvalidInput(_TOO_MUCH)
    vectors = [await _unit(embedding_models, embedding_model, text) for text in texts]
    is_packed = asked.encoding_format == "base64"
    tokens = sum(map(len, texts)) // 4
    return {
        "object": "list",
        "model": embedding_model.model,
        "data": [
            {"object": "embedding", "index": at, "embedding": _packed(each) if is_packed else each}
            for at, each in enumerate(vectors)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


@post("/v1/recall", status_code=200, opt={"scope": "read", "keys_only": True})
async def search(
    request: Request[Any, Any, Any],
    recall: NamedDependency[Recall | None],
    person: NamedDependency[Person],
) -> dict[str, Any]:
    """What this person said, or what their documents say, that has to do with a question."""
    asked = _decoded(await request.body(), RecallRequest)
    if recall is None:
        raise Conflict("This box remembers nothing: recall.enabled is false.")
    found = await recall.search(person, asked.query, asked.k, without=asked.without_conversation)
    return {"object": "list", "asked_at": int(time()), "data": [_told(each) for each in found]}


async def _unit(models: EmbeddingModels, model: EmbeddingModel, text: str) -> list[float]:
    vector = await models.passage(model, text)
    if vector is None:
        raise InvalidInput(_NO_VECTOR)
    numbers = struct.unpack(f"{len(vector)}b", vector)
    length = sum(number * number for number in numbers) ** 0.5
    return [number / length for number in numbers]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _told(recalled: Recalled) -> dict[str, Any]:
    source = recalled.source
    kind = "message" if isinstance(source, MessageSource) else "document"
    return {
        "text": recalled.text,
        "before": recalled.before,
        "after": recalled.after,
        "said_at": recalled.said_at,
        "score": round(recalled.score, 4),
        "source": {"type": kind, **msgspec.to_builtins(source)},
    }


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except RecursionError as error:
        raise InvalidInput("The request body is nested too deeply to be read.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The request body cannot be read: {error}.") from error
