"""What programs send and get, as JSON Schema. What they send is made from what reads it."""

from typing import Any

import msgspec

from appliance.routes.openai_recall import EmbeddingRequest, RecallRequest
from appliance.routes.openai_wire import ChatRequest

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "integer", "minimum": 0}
NOTHING: Schema = {"type": "null"}
MAYBE_TEXT: Schema = {"type": ["string", "null"]}


def all_of(**properties: Schema) -> Schema:
    """An object that has all of these, and nothing else."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    return {"$ref": _REF.format(name=name)}


_REF = "#/components/schemas/{name}"
_USAGE = all_of(
    prompt_tokens=NUMBER,
    completion_tokens=NUMBER,
    total_tokens=NUMBER,
    prompt_tokens_details=all_of(cached_tokens=NUMBER),
)
_CHOICE = all_of(
    index={"const": 0},
    message=all_of(role={"const": "assistant"}, content=TEXT, refusal=NOTHING),
    logprobs=NOTHING,
    finish_reason={"enum": ["stop", "length"]},
)
_EMBEDDING = all_of(
    object={"const": "embedding"},
    index=NUMBER,
    embedding={"oneOf": [list_of({"type": "number"}), TEXT]},
)
_MESSAGE = all_of(
    type={"const": "message"}, conversation_id=TEXT, message_id=TEXT, role=TEXT, title=TEXT
)
_DOCUMENT = all_of(
    type={"const": "document"},
    document_id=TEXT,
    passage=NUMBER,
    name=TEXT,
    page={"type": ["integer", "null"]},
    heading=TEXT,
)
_RECALLED = all_of(
    text=TEXT,
    before=TEXT,
    after=TEXT,
    said_at=NUMBER,
    score={"type": "number"},
    source={"oneOf": [_MESSAGE, _DOCUMENT]},
)


def schemas() -> dict[str, Schema]:
    """By name."""
    _, sent = msgspec.json.schema_components(
        [ChatRequest, EmbeddingRequest, RecallRequest], ref_template=_REF
    )
    return {
        **sent,
        "Completion": all_of(
            id=TEXT,
            object={"const": "chat.completion"},
            created=NUMBER,
            model=TEXT,
            choices=list_of(_CHOICE),
            usage=_USAGE,
        ),
        "Embeddings": all_of(
            object={"const": "list"},
            model=TEXT,
            data=list_of(_EMBEDDING),
            usage=all_of(prompt_tokens=NUMBER, total_tokens=NUMBER),
        ),
        "Recalled": all_of(object={"const": "list"}, asked_at=NUMBER, data=list_of(_RECALLED)),
        "Model": all_of(id=TEXT, object={"const": "model"}, created=NUMBER, owned_by=TEXT),
        "Models": all_of(object={"const": "list"}, data=list_of(ref("Model"))),
        "Error": all_of(error=all_of(message=TEXT, type=TEXT, param=MAYBE_TEXT, code=MAYBE_TEXT)),
    }
