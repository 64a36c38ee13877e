"""JSON schemas: what their grammars let through, and which are refused."""

import json
import random
from time import process_time
from typing import Any

import pytest
from doses import examples
from grammar_texts import any_text, fits
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.engine.grammar.grammar import compile_grammar
from appliance.errors import GrammarRefused
from appliance.json_schema.converter import any_object_gbnf, schema_to_gbnf

TREE = {
    "$ref": "#/$defs/tree",
    "$defs": {
        "tree": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "left": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
            },
            "required": ["name"],
        }
    },
}
TAGGED = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"kind": {"const": kind}, "size": {"type": "integer"}},
            "required": ["kind"],
        }
        for kind in ("a", "b")
    ]
}


def object_of(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


INTEGER, STRING = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (True, ["1", '"a"', "[1, {}]", "null", '{"a":[]}'], ["", "a", "[1,]", "{,}"]),
        ({"title": "Anything", "x-of": 1}, ["-0.5e3", "false"], ["01", "+1"]),
        ({"type": "boolean"}, ["true", "false"], ["True", "0"]),
        ({"type": ["string", "null"]}, ['"a"', "null"], ["1"]),
        ({"type": "integer"}, ["0", "-12"], ["1.0", "-0", "1e3"]),
        ({"type": "integer", "minimum": 0.5, "exclusiveMaximum": 3}, ["1", "2"], ["0", "3"]),
        ({"type": "integer", "minimum": -(2**63), "maximum": 2**63}, ["-5"], ["1.5"]),
        ({"minimum": 1, "maximum": 1.5}, ["1", "1.5", "1.25"], ["0.9", "1.6", '"a"']),
        ({"enum": ['a"b\\c\n', 1, None, {"x": [1]}]}, ['"a\\"b\\\\c\\n"', '{"x":[1]}'], ["2"]),
        ({"type": "string", "enum": ["a", 1]}, ['"a"'], ["1"]),
        ({"const": "é가"}, ['"é가"'], ['"e"']),
        ({"type": "string"}, ['""', '"é\\u00e9\\n"', '"\\ud83d\\ude00"'], ['"\\ud83d"', '"\n"']),
        ({"minLength": 2, "maxLength": 3}, ['"ab"', '"가\\n나"'], ['"a"', '"abcd"', "12"]),
        ({"type": "string", "pattern": "^[a-z]+\\d{2}$"}, ['"ab12"'], ['"ab1"', '"12"', '"ab123"']),
        ({"type": "string", "pattern": "b.d|^x"}, ['"abcde"', '"xyz"'], ['"bd"', '"yx"']),
        ({"type": "string", "pattern": '^"\\s\\\\$'}, ['"\\"\\t\\\\"', '"\\" \\\\"'], ['"" "']),
        ({"type": "string", "pattern": "^(?:a|b(c)?)*?\\.$"}, ['"abcb."'], ['"abd."', '"abx"']),
        ({"type": "string", "pattern": "^[^\\W\\d_]-[a\\-]$"}, ['"x--"'], ['"1-a"', '"_-a"']),
        ({"type": "string", "format": "date"}, ['"2024-02-29"'], ['"2023-02-29"', '"2023-04-31"']),
        ({"format": "date-time"}, ['"2024-01-31T23:59:59Z"'], ['"2024-01-31 23:59:59"']),
        ({"format": "email"}, ['"a.b@c.example"'], ['"a@b"', '"@c.de"']),
        ({"format": "ipv4"}, ['"192.168.0.255"'], ['"192.168.0.256"', '"1.2.3"']),
        (object_of(["a"], a=INTEGER, b=STRING), ['{"a":1}', '{"a": 1, "b": "x"}'], ["{}"]),
        (object_of([], a=INTEGER, b=STRING), ["{}", '{"b":""}'], ['{"a":1.5}', '{"c":1}', "{,}"]),
        (object_of(["b"], a=INTEGER), ['{"a":1,"b":[]}', '{"b":2}'], ['{"a":1}']),
        (object_of([], a=INTEGER, b=False), ['{"a":1}'], ['{"b":1}']),
        (
            {**object_of([], ab=INTEGER), "additionalProperties": {"type": "boolean"}},
            ['{"ab":1,"a":true,"abc":false,"b":true}', '{"":true}', "{}"],
            ['{"ab":true}', '{"a":1}', '{"\\u0061b":true}'],
        ),
        ({"type": "object"}, ['{"a": {"b": []}}'], ["[]"]),
        ({"type": "object", "additionalProperties": False}, ["{}"], ['{"a":1}']),
        ({"type": "array"}, ["[]", '[1, ["a"]]'], ["{}"]),
        ({"items": INTEGER, "minItems": 1, "maxItems": 2}, ["[1]", "[1,2]"], ["[]", "[1,2,3]"]),
        ({"items": INTEGER, "maxItems": 0}, ["[]"], ["[1]"]),
        ({"items": INTEGER}, ["[]", "[\n  1,\n  2\n]"], ['["a"]', "[1,,2]"]),
        ({"prefixItems": [STRING, INTEGER], "items": False}, ['["a",1]'], ['["a"]', '["a",1,2]']),
        ({"prefixItems": [STRING], "items": INTEGER, "minItems": 2}, ['["a",1,2]'], ['["a"]']),
        (TREE, ['{"name":"a","left":{"name":"b","left":null}}'], ['{"left":null}']),
        ({"type": "array", "items": {"$ref": "#"}}, ["[[],[[]]]"], ["[1]"]),
        ({"allOf": [{"$ref": "#/$defs/a~1b"}], "$defs": {"a/b": INTEGER}}, ["5"], ['"a"']),
        ({"anyOf": [INTEGER, False, {"type": "null"}]}, ["1", "null"], ["true"]),
        ({"oneOf": [INTEGER, STRING]}, ["1", '"a"'], ["1.5"]),
        (TAGGED, ['{"kind":"a","size":1}', '{"kind":"b"}'], ['{"kind":"c"}', '{"size":1}']),
    ],
)
def test_a_schema_lets_its_values_through_and_no_others(
    schema: Any, good: list[str], bad: list[str]
) -> None:
    grammar = schema_to_gbnf(schema)
    assert [text for text in good if not fits(grammar, text)] == []
    assert [text for text in bad if fits(grammar, text)] == []


def nested(depth: int) -> Any:
    schema: Any = INTEGER
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        (False, "`false` allows nothing"),
        (5, "it must be an object"),
        ({"type": "array", "items": 5}, "at `#/items`: it must be an object, true or false"),
        ({"enum": []}, "none of the values it names is allowed"),
        ({"enum": "a"}, "`enum` must be a list"),
        ({"type": "string", "enum": [1, None]}, "none of the values"),
        ({"enum": list(range(501))}, "at most 500 can be followed"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "no integer of at most 15 digits"),
        ({"type": "integer", "minimum": 0.2, "maximum": 0.8}, "no integer"),
        ({"type": "number", "minimum": 1, "exclusiveMaximum": 1}, "no number"),
        ({"type": "number", "minimum": 1e300}, "`minimum` has too many digits"),
        ({"type": "number", "minimum": "1"}, "`minimum` must be a number"),
        ({"type": "number", "exclusiveMinimum": True}, "`exclusiveMinimum` must be a number"),
        ({"type": "array", "minItems": 3, "maxItems": 2}, "`minItems` is 3 and `maxItems` 2"),
        ({"type": "array", "minItems": 10**9}, "at most 4,000 can be followed"),
        ({"type": "array", "minItems": -1}, "`minItems` must be a whole number"),
        ({"prefixItems": [INTEGER], "items": False, "minItems": 2}, "no such member is allowed"),
        ({"type": "array", "items": [INTEGER]}, "go to `prefixItems`"),
        ({"type": "array", "uniqueItems": True}, "`uniqueItems` is not supported"),
        ({"type": "string", "minLength": 5, "maxLength": 4}, "nothing fits"),
        ({"type": "string", "maxLength": 100_000}, "at most 4,000 can be followed"),
        ({"type": "string", "maxLength": 1.5}, "`maxLength` must be a whole number"),
        ({"type": "string", "format": "fax"}, "the format `fax` is not known"),
        ({"type": "string", "format": "date", "minLength": 1}, "only one of `pattern`"),
        ({"type": "string", "pattern": 5}, "`pattern` must be a text"),
        ({"type": "string", "pattern": "(?=a)"}, "groups that look ahead"),
        ({"type": "string", "pattern": "(a)\\1"}, "`\\1` cannot be followed"),
        ({"type": "string", "pattern": "\\bword"}, "`\\b` cannot be followed"),
        ({"type": "string", "pattern": "a^b"}, "`^` may stand only at its beginning"),
        ({"type": "string", "pattern": "a$b"}, "is not expected"),
        ({"type": "string", "pattern": "(a"}, "a group is not closed"),
        ({"type": "string", "pattern": "a)"}, "`)` is not expected"),
        ({"type": "string", "pattern": "[a"}, "it ends too early"),
        ({"type": "string", "pattern": "[z-a]"}, "a range in a class"),
        ({"type": "string", "pattern": "[]"}, "a character that no text can hold"),
        ({"type": "string", "pattern": "a**"}, "`*` is not expected"),
        ({"type": "string", "pattern": "a" * 1001}, "longer than 1000 characters"),
        ({"type": "string", "pattern": "(" * 30 + ")" * 30}, "more than 20 groups"),
        ({"type": "string", "pattern": "(((a{999}){999}){999})"}, "more than 10,000 places"),
        ({"type": "string", "pattern": "(a?){3000}"}, "more than 1,000 ways are open"),
        ({"type": "integre"}, "`integre` is no type"),
        ({"type": []}, "names no type"),
        ({"type": [["string"]]}, "is no type"),
        ({"not": {}}, "`not` is not supported"),
        ({"type": "number", "multipleOf": 3}, "`multipleOf` is not supported"),
        ({"type": "object", "patternProperties": {}}, "`patternProperties` is not supported"),
        ({"maximun": 3}, "`maximun` is not supported"),
        ({"if": {}}, "`if` is not supported"),
        (object_of(["a"], a=False), "`a` is required and forbidden"),
        ({**object_of(["b"], a=INTEGER), "additionalProperties": False}, "`b` is required and"),
        ({"type": "object", "properties": []}, "`properties` must be an object"),
        ({"type": "object", "required": "a"}, "`required` must be a list"),
        ({"type": "object", "required": [1]}, "`required` must be a list of texts"),
        ({"type": "object", "required": [["a"]]}, "`required` must be a list of texts"),
        (object_of([], **{"x" * 300: INTEGER}), "longer than 200 characters"),
        (object_of([], **{f"p{n}": INTEGER for n in range(1100)}), "1,000 properties"),
        ({"type": "object", "properties": {"a": {"not": {}}}}, "at `#/properties/a`: `not`"),
        ({"$ref": "https://example.org/schema"}, "only places of the same schema"),
        ({"$ref": "file:///etc/passwd"}, "only places of the same schema"),
        ({"$ref": "other.json#/a"}, "only places of the same schema"),
        ({"$ref": 5}, "only places of the same schema"),
        ({"$ref": "#/$defs/missing"}, "which is not there"),
        ({"$ref": "#/anyOf/7", "anyOf": []}, "cannot stand beside"),
        ({"$ref": "#/$defs/a", "minimum": 1, "$defs": {"a": INTEGER}}, "cannot stand beside"),
        ({"$ref": "#"}, "No text can ever come to its end"),
        ({"items": {"$ref": "#"}, "minItems": 1}, "No text can ever come to its end"),
        (object_of(["a"], a={"$ref": "#"}), "No text can ever come to its end"),
        ({"allOf": [INTEGER, STRING]}, "`allOf` with several members"),
        ({"anyOf": []}, "`anyOf` has no members"),
        ({"anyOf": [False]}, "every member of `anyOf` is `false`"),
        ({"anyOf": [INTEGER], "type": "integer"}, "`anyOf` cannot stand beside `type`"),
        ({"anyOf": [INTEGER], "enum": [1]}, "`anyOf` cannot stand beside `enum`"),
        ({"oneOf": [INTEGER, {"type": "number"}]}, "may both fit one value"),
        ({"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}, "may both fit one value"),
        ({"oneOf": [INTEGER] * 60}, "more than 50 members"),
        (nested(1000), "nested deeper than 60 levels"),
        ({"const": "x" * 70_000}, "at most 65,536 are read"),
        ({"const": float("inf")}, "a value that is no JSON"),
        ({"const": 10**5000}, "a value that is no JSON"),
    ],
)
def test_an_impossible_or_too_large_schema_is_refused_with_a_sentence(
    schema: Any, sentence: str
) -> None:
    with pytest.raises(GrammarRefused) as refused:
        compile_grammar(schema_to_gbnf(schema))
    assert sentence in str(refused.value)
    assert len(str(refused.value)) < 600 and str(refused.value).endswith(".")


def test_whatever_is_written_within_any_object_is_an_object() -> None:
    draw, grammar = random.Random(1), any_object_gbnf()
    texts = [text for _ in range(150) if (text := any_text(grammar, draw)) is not None]
    assert len(texts) > 50
    assert all(isinstance(json.loads(text), dict) for text in texts)


def test_keys_come_in_the_order_of_the_schema_and_once() -> None:
    schema = object_of(["c"], a=INTEGER, b=INTEGER, c=INTEGER, d=INTEGER)
    draw, grammar = random.Random(2), schema_to_gbnf(schema)
    for text in filter(None, (any_text(grammar, draw) for _ in range(50))):
        keys = [key for key, _ in json.loads(text, object_pairs_hook=list)]
        assert keys == sorted(set(keys)) and "c" in keys


WORDS = st.sampled_from(
    [
        *("type", "properties", "required", "additionalProperties", "items", "prefixItems"),
        *("minItems", "maxItems", "minLength", "maxLength", "pattern", "format", "minimum"),
        *("maximum", "exclusiveMinimum", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"),
        *("$defs", "a", "title"),
    ]
)
LEAVES = st.sampled_from(
    [
        *(
            "object",
            "array",
            "string",
            "integer",
            "number",
            "null",
            "a",
            "#",
            "#/$defs/a",
            "(a|b)*",
        ),
        *("^[a-z]{2,}$", "date", True, False, None, 0, 1, 3, -2, 1.5, 5000, 1e20),
    ]
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(SCHEMAS, st.randoms(use_true_random=False))
@settings(max_examples=examples(150, 400), deadline=None)
def test_any_schema_is_followed_or_refused_and_neither_takes_long(
    schema: Any, draw: random.Random
) -> None:
    begin = process_time()
    try:
        text = any_text(schema_to_gbnf(schema), draw, 300)
        if text is not None:
            json.loads(text)
    except GrammarRefused as refused:
        assert str(refused).endswith(".")
    assert process_time() - begin < 5
