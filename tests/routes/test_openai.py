"""The OpenAI-compatible API, called by OpenAI's own client on the real model."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Literal

import httpx
import openai
import pydantic
import pytest
from appliance_process import ApplianceProcess
from program import shown

pytestmark = pytest.mark.model
HELLO: Any = [{"role": "user", "content": "Say hello and tell me about the sea."}]


class Ship(pydantic.BaseModel):
    name: str = pydantic.Field(min_length=1, max_length=12)
    is_afloat: bool


def schema_format(schema: Any, name: str = "answer") -> dict[str, Any]:
    named = {"name": name, "schema": schema, "strict": True}
    return {"type": "json_schema", "json_schema": named}


@pytest.fixture
def client(appliance: ApplianceProcess, key: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{appliance.url}/v1", api_key=key, max_retries=0) as client:
        yield client


def test_a_whole_answer_has_text_and_counts(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="default", messages=HELLO, max_tokens=24)
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 24
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_a_streamed_answer_is_the_same_as_a_whole_one(client: openai.OpenAI) -> None:
    asked: Any = {"model": "default", "messages": HELLO, "max_tokens": 24, "temperature": 0}
    whole = client.chat.completions.create(**asked)
    chunks = list(
        client.chat.completions.create(stream=True, stream_options={"include_usage": True}, **asked)
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage is not None and whole.usage is not None
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert len(chunks) > 3


def test_a_second_question_reads_only_what_is_new(client: openai.OpenAI) -> None:
    messages = [{"role": "user", "content": "Remember the number 4711. " * 8}]
    asked: Any = {"model": "default", "max_tokens": 8, "temperature": 0}
    client.chat.completions.create(messages=messages, **asked)  # type: ignore[call-overload]
    second = client.chat.completions.create(messages=messages, **asked)  # type: ignore[call-overload]
    details = second.usage.prompt_tokens_details
    assert details.cached_tokens == second.usage.prompt_tokens - 1


def test_the_same_seed_gives_the_same_answer(client: openai.OpenAI) -> None:
    asked: Any = {"model": "default", "messages": HELLO, "max_tokens": 16, "temperature": 1}
    texts = [
        client.chat.completions.create(seed=seed, **asked).choices[0].message.content
        for seed in (7, 7, 8)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_a_stop_text_ends_the_answer_and_is_not_in_it(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="default", messages=HELLO, max_tokens=60, temperature=0, stop=[" the"]
    )
    assert " the" not in (answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"


def test_four_chats_at_once_all_write_before_any_of_them_is_done(client: openai.OpenAI) -> None:
    def chat(number: int) -> tuple[float, float]:
        """When the first text came, and when the last did."""
        chunks = client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": f"Tell me story number {number}."}],
            max_tokens=64,
            stream=True,
        )
        times = [monotonic() for chunk in chunks if chunk.choices[0].delta.content]
        return times[0], times[-1]

    with ThreadPoolExecutor(4) as pool:
        spans = list(pool.map(chat, range(4)))
    assert max(first for first, _ in spans) < min(last for _, last in spans)


def test_a_key_that_is_none_is_refused_as_openai_does(appliance: ApplianceProcess) -> None:
    none = "appliance_" + "0" * 64
    with (
        openai.OpenAI(base_url=f"{appliance.url}/v1", api_key=none, max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError, match="not known here") as refused,
    ):
        stranger.models.list()
    assert refused.value.code == "invalid_api_key"


def test_models_are_listed_by_the_name_that_they_answer_to(client: openai.OpenAI) -> None:
    (model,) = client.models.list().data
    assert client.models.retrieve(model.id).id == model.id
    answer = client.chat.completions.create(model=model.id, messages=HELLO, max_tokens=1)
    assert answer.model == model.id


def test_json_is_asked_for_and_comes(client: openai.OpenAI) -> None:
    for seed in range(3):
        answer = client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "Describe the sea as JSON."}],
            response_format={"type": "json_object"},
            temperature=1.0,
            seed=seed,
            max_tokens=300,
        )
        (choice,) = answer.choices
        assert (choice.message.content or "").startswith("{")
        if choice.finish_reason == "stop":
            assert isinstance(json.loads(choice.message.content or ""), dict)


def test_a_schema_is_followed_by_whole_and_streamed_answers(client: openai.OpenAI) -> None:
    class Port(pydantic.BaseModel):
        colour: Literal["red", "green"]
        depth: int = pydantic.Field(ge=3, le=40)
        ships: list[Ship] = pydantic.Field(min_length=1, max_length=2)

    asked: Any = {
        "model": "default",
        "messages": [{"role": "user", "content": "Invent a port with its ships."}],
        "temperature": 0.5,
        "seed": 2,
        "max_tokens": 400,
    }
    whole = client.chat.completions.parse(response_format=Port, **asked).choices[0].message
    assert isinstance(whole.parsed, Port)
    schema: Any = schema_format(Port.model_json_schema())
    chunks = client.chat.completions.create(response_format=schema, stream=True, **asked)
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert Port.model_validate_json(streamed)


def test_a_grammar_is_followed_as_llama_server_does(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="default",
        messages=HELLO,
        max_tokens=20,
        extra_body={"grammar": 'root ::= ("ho" | "hey") ", " [a-z]{3} "!"'},
    )
    assert re.fullmatch(r"(ho|hey), [a-z]{3}!", answer.choices[0].message.content or "")
    assert answer.choices[0].finish_reason == "stop"


def test_constrained_and_free_answers_are_written_together(client: openai.OpenAI) -> None:
    def ask(number: int) -> str:
        more: Any = {"response_format": {"type": "json_object"}} if number % 2 else {}
        answer = client.chat.completions.create(
            model="default", messages=HELLO, temperature=0, max_tokens=24, **more
        )
        return answer.choices[0].message.content or ""

    with ThreadPoolExecutor(4) as pool:
        texts = list(pool.map(ask, range(4)))
    assert [text.startswith("{") for text in texts] == [False, True, False, True]


def test_a_body_that_is_nested_without_end_is_refused(
    appliance: ApplianceProcess, key: str
) -> None:
    body = (
        '{"model": "default", "response_format": {"type": "json_object", "schema": ' + "[" * 90_000
    )
    response = httpx.post(f"{appliance.url}/v1/chat/completions", content=body, headers=shown(key))
    assert response.status_code == 422
    assert "nested too deeply" in response.json()["error"]["message"]


def test_a_client_that_hangs_up_in_a_constrained_answer_stops_the_model(
    appliance: ApplianceProcess, key: str
) -> None:
    body = {
        **{"model": "default", "messages": HELLO, "stream": True, "max_tokens": 4000},
        **{"grammar": "root ::= [0-9]{4000}"},
    }
    before = appliance.count("finish_reason.*cancelled")
    url = f"{appliance.url}/v1/chat/completions"
    with httpx.stream("POST", url, json=body, headers=shown(key), timeout=60) as response:
        for line in response.iter_lines():
            if '"content":"' in line:
                break
    appliance.wait_for("finish_reason.*cancelled", after=before)


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"model": "gpt-4o"}, 404, "There is no model `gpt-4o` here"),
        ({"messages": []}, 422, "`messages` is empty"),
        ({"messages": "hello"}, 422, "cannot be read"),
        ({"messages": [{"role": "judge", "content": "x"}]}, 422, "`judge` is no role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 422, "type `text`"),
        ({"messages": [{"role": "user", "content": "a\0b"}]}, 422, "NUL byte"),
        ({"messages": [{"role": "user", "content": "word " * 9000}]}, 422, "Shorten them"),
        ({"temperature": 3}, 422, "`temperature` is 3.0; it must be from 0 to 2"),
        ({"max_tokens": 0}, 422, "`max_tokens` is 0"),
        ({"repeat_penalty": 9}, 422, "`repeat_penalty` is 9"),
        ({"n": 2}, 422, "`n` must be 1"),
        ({"stop": [""]}, 422, "`stop` takes at most 16 texts"),
        ({"tools": [{"type": "function"}]}, 422, "`tools` is not supported"),
        ({"json_schema": {"type": "object"}}, 422, "`json_schema` is not supported"),
        ({"response_format": "json"}, 422, "cannot be read"),
        ({"response_format": {"type": "xml"}}, 400, "must be `text`, `json_object` or"),
        ({"response_format": {"type": "json_schema"}}, 400, "`response_format.json_schema.schema`"),
        ({"response_format": schema_format({}, name="a b")}, 400, "1 to 64 letters, digits"),
        ({"response_format": schema_format(False)}, 400, "`false` allows nothing"),
        ({"response_format": schema_format({"enum": []})}, 400, "so nothing fits"),
        ({"response_format": schema_format({"$ref": "http://a/b"})}, 400, "of the same schema"),
        ({"response_format": schema_format({"minimum": 2, "maximum": 1})}, 400, "no number"),
        ({"grammar": 'root ::= "a'}, 400, "Line 1 of the grammar"),
        ({"grammar": 'root ::= "a"{1000000}'}, 400, "repeats too often"),
        ({"grammar": "root ::= " + "(" * 60_000}, 400, "more than 50 parentheses"),
        ({"grammar": 'root ::= root "a"'}, 400, "No text can ever come to its end"),
        (
            {"grammar": 'root ::= "a"', "response_format": {"type": "json_object"}},
            400,
            "not both",
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_in_openais_shape(
    appliance: ApplianceProcess, key: str, change: dict[str, Any], status: int, sentence: str
) -> None:
    body = {"model": "default", "messages": HELLO, "max_tokens": 1} | change
    response = httpx.post(
        f"{appliance.url}/v1/chat/completions", json=body, headers=shown(key), timeout=60
    )
    assert response.status_code == status
    assert sentence in response.json()["error"]["message"]
    assert set(response.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"model": "\xff"}', b'{"model": "\\ud800", "messages": 1}']
)
def test_a_broken_body_is_refused_in_openais_shape(
    appliance: ApplianceProcess, key: str, body: bytes
) -> None:
    response = httpx.post(f"{appliance.url}/v1/chat/completions", content=body, headers=shown(key))
    assert response.status_code == 422
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_body_that_is_too_large_is_refused(appliance: ApplianceProcess, key: str) -> None:
    body = json.dumps({"model": "x" * 2_000_000})
    response = httpx.post(f"{appliance.url}/v1/chat/completions", content=body, headers=shown(key))
    assert response.status_code == 413
    assert "too large" in response.json()["error"]["message"]


def test_a_client_that_hangs_up_stops_the_model(appliance: ApplianceProcess, key: str) -> None:
    body = {"model": "default", "messages": HELLO, "stream": True, "max_tokens": 4000}
    url = f"{appliance.url}/v1/chat/completions"
    before = appliance.count("finish_reason.*cancelled")
    with httpx.stream("POST", url, json=body, headers=shown(key), timeout=60) as response:
        for line in response.iter_lines():
            if '"content":"' in line:
                break
    appliance.wait_for("finish_reason.*cancelled", after=before)


def test_repeating_is_punished_as_much_as_is_asked_for(client: openai.OpenAI) -> None:
    answers = [
        client.chat.completions.create(
            model="default",
            messages=[{"role": "user", "content": "Say la la la la la la la la la la la la"}],
            temperature=0,
            max_tokens=24,
            extra_body={"repeat_penalty": penalty},
        )
        for penalty in (1.0, 2.0)
    ]
    plain, varied = (answer.choices[0].message.content for answer in answers)
    assert plain != varied
