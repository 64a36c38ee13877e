"""What a reply shall look like: OpenAI's `response_format`, or llama-server's `grammar`. Pure."""

import re
from typing import Any

import msgspec

from appliance.engine.grammar.grammar import compile_grammar
from appliance.errors import GrammarRefused
from appliance.json_schema.converter import any_object_gbnf, schema_to_gbnf

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


class NamedSchema(msgspec.Struct):
    """A schema as OpenAI wraps it. It is always followed, whatever `strict` says."""

    name: str
    schema: Any = msgspec.UNSET
    strict: bool | None = None


class ResponseFormat(msgspec.Struct):
    """`schema` beside `json_object` is llama-server's way to give one."""

    type: str
    json_schema: NamedSchema | None = None
    schema: Any = msgspec.UNSET


def reply_grammar(response_format: ResponseFormat | None, grammar: str | None) -> str:
    """GBNF that the reply follows, checked; empty when it is free. Raises GrammarRefused."""
    wanted = _gbnf(response_format) if response_format else ""
    if grammar and wanted:
        raise GrammarRefused("Send `response_format` or `grammar`, not both.")
    wanted = wanted or grammar or ""
    if wanted:
        compile_grammar(wanted)
    return wanted


def _gbnf(response_format: ResponseFormat) -> str:
    match response_format.type:
        case "text":
            return ""
        case "json_object" if response_format.schema is msgspec.UNSET:
            return any_object_gbnf()
        case "json_object":
            return schema_to_gbnf(response_format.schema)
        case "json_schema":
            return _named(response_format.json_schema)
        case _:
            raise GrammarRefused(
                "`response_format.type` must be `text`, `json_object` or `json_schema`."
            )


def _named(named: NamedSchema | None) -> str:
    if named is None or named.schema is msgspec.UNSET:
        raise GrammarRefused("`response_format.json_schema.schema` is missing; send the schema.")
    if not _NAME.fullmatch(named.name):
        raise GrammarRefused(
            "`response_format.json_schema.name` must be 1 to 64 letters, digits, `_` or `-`."
        )
    return schema_to_gbnf(named.schema)
