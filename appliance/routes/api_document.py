"""The API for programs as an OpenAPI document: what may be asked with a key, and every answer.

It is written here and not taken from the handlers: they read OpenAI's bodies by themselves, to
answer as OpenAI does. Tests hold it to the routes that there are, and to what those answer.
"""

from functools import cache
from typing import Any

import msgspec
from litestar import Response, get

from appliance import __version__
from appliance.routes.api_schemas import TEXT, Schema, ref, schemas
from appliance.routes.authentication import ANY_SCOPE

_JSON, _PLAIN, _HTML = "application/json", "text/plain", "text/html"
_EVENTS = "text/event-stream"
_EVENT: Schema = {"type": "object", "properties": {"id": TEXT, "event": TEXT, "data": TEXT}}
_SENTENCES = {
    303: "Not signed in: the way to the page that does it",
    400: "Not understood, or asked by a name that is not the box's",
    401: "No key, or one that is not known here",
    403: "The key may not do that, or another site's page has asked",
    404: "There is no such thing, or it is somebody else's",
    409: "Not as things stand; the sentence says why",
    413: "Too large to be sent at once",
    422: "Read, and refused; the sentence says what to change",
    423: "The account is sealed and closed; its owner opens it at the page",
    429: "Too much at once, or today; Retry-After says how many seconds to wait",
    503: "The model is not ready, or the box cannot write",
}


@get("/v1/openapi.json", include_in_schema=False, opt={"scope": ANY_SCOPE}, sync_to_thread=False)
def openapi() -> Response[bytes]:
    """For whoever is signed in, and for every key."""
    return Response(_encoded(), media_type=_JSON)


@cache
def _encoded() -> bytes:
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """All of it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Appliance",
            "version": __version__,
            "description": "Keys are made on the page of one's account and by `appliance key`.",
        },
        "security": [{"key": []}],
        "paths": {
            "/v1/chat/completions": {"post": _chat()},
            "/v1/embeddings": {
                "post": _asked("A vector for each text", "EmbeddingRequest", "Embeddings")
            },
            "/v1/recall": {
                "post": _asked("What was said that has to do with it", "RecallRequest", "Recalled")
            },
            "/v1/models": {"get": _v1("The model that is loaded", ref("Models"))},
            "/v1/models/{name}": {
                "get": _v1("The same by its name", ref("Model"), _in("path", "name"))
            },
            "/v1/openapi.json": {"get": _v1("This document", {"type": "object"})},
            "/turns/{turn_id}/stream": {"get": _stream()},
            "/data/exports/{kind}": {
                "get": _export(
                    "All conversations", {"application/zip", _JSON}, _kind("zip", "json")
                )
            },
            "/conversations/{conversation_id}/exports/{kind}": {
                "get": _export(
                    "One conversation",
                    {"text/markdown", _JSON},
                    _in("path", "conversation_id"),
                    _kind("markdown", "json"),
                )
            },
            "/metrics": {"get": _metrics()},
        },
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _chat() -> Schema:
    asked = _asked("One reply to a list of messages", "ChatRequest", "Completion")
    asked["responses"]["200"]["content"][_EVENTS] = {"schema": _EVENT}
    return asked


def _asked(summary: str, sent: str, answer: str) -> Schema:
    """What is sent as JSON, and answered so."""
    asked = _v1(summary, ref(answer))
    asked["requestBody"] = {"required": True, "content": {_JSON: {"schema": ref(sent)}}}
    return asked


def _stream() -> Schema:
    after = {
        **_in("query", "after", {"type": "string", "pattern": "^[0-9]{0,9}$"}),
        "description": "How many characters of the reply are there already",
        "required": False,
    }
    form = _in("query", "format", {"const": "text"})
    return _operation(
        "The text of a reply while it is written: snapshot, delta, done",
        {_EVENTS: _EVENT},
        {_PLAIN: TEXT},
        _in("path", "turn_id"),
        form,
        after,
    )


def _export(summary: str, kinds: set[str], *parameters: Schema) -> Schema:
    """A browser that is signed in may take it, too; it is answered with pages."""
    return _operation(
        summary,
        {kind: {} for kind in sorted(kinds)},
        {_PLAIN: TEXT, _HTML: TEXT},
        *parameters,
        also=(303,),
    )


def _metrics() -> Schema:
    summary = "Numbers for Prometheus; for keys of administrators, and on this machine for all"
    return _operation(summary, {_PLAIN: TEXT}, {_PLAIN: TEXT, _HTML: TEXT}, also=(303,))


def _v1(summary: str, answer: Schema, *parameters: Schema) -> Schema:
    return _operation(summary, {_JSON: answer}, {_JSON: ref("Error")}, *parameters)


def _operation(
    summary: str,
    answers: dict[str, Schema],
    refusals: dict[str, Schema],
    *parameters: Schema,
    also: tuple[int, ...] = (),
) -> Schema:
    refused = {
        str(status): _answer(sentence, refusals if status != 303 else {})
        for status, sentence in _SENTENCES.items()
        if status != 303 or status in also
    }
    return {
        "summary": summary,
        "parameters": list(parameters),
        "responses": {"200": _answer("Done", answers), **refused},
    }


def _answer(sentence: str, contents: dict[str, Schema]) -> Schema:
    if not contents:
        return {"description": sentence}
    content = {kind: {"schema": schema} if schema else {} for kind, schema in contents.items()}
    return {"description": sentence, "content": content}


def _in(place: str, name: str, schema: Schema = TEXT) -> Schema:
    return {"in": place, "name": name, "required": True, "schema": schema}


def _kind(*kinds: str) -> Schema:
    return _in("path", "kind", {"enum": list(kinds)})
