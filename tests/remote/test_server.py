"""What the box says of the machine at engine.url."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from remote.conftest import OpenStub
from remote.stub_server import MODELS, Answer, StubServer, whole

from appliance.engine.engine import EngineState
from appliance.errors import EngineUnavailable
from appliance.remote.connection import Connection
from appliance.remote.server import Patience, RemoteServer
from appliance.remote.wire import Dialect

IMPATIENT = Patience(look_again=60, look_again_away=0.02, turn=0.0, after_start=0.0)
PATIENT = Patience(look_again=60, look_again_away=0.02, turn=20, after_start=20)


@asynccontextmanager
async def watched(
    url: str, patience: Patience = IMPATIENT, key: str | None = None, **wanted: Any
) -> AsyncIterator[RemoteServer]:
    connection = Connection(url, key)
    server = RemoteServer(connection, patience=patience, **wanted)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
        await connection.close()


def models(**entry: Any) -> Answer:
    return whole({"object": "list", "data": [{"id": "m", **entry}]})


@pytest.mark.parametrize(
    ("entry", "dialect", "context_tokens"),
    [
        ({"owned_by": "vllm", "max_model_len": 32768}, Dialect.VLLM, 32768),
        ({"owned_by": "llamacpp", "meta": {"n_ctx": 4096, "n_ctx_train": 8192}},
         Dialect.LLAMA_SERVER, 4096),
        ({"owned_by": "llamacpp", "meta": {"n_ctx_train": 16384}}, Dialect.LLAMA_SERVER, 16384),
        ({"owned_by": "somebody", "meta": None}, Dialect.PLAIN, 8192),
        ({}, Dialect.PLAIN, 8192),
        ({"max_model_len": -5, "meta": {"n_ctx": 10**15}}, Dialect.PLAIN, 8192),
    ],
)  # fmt: skip
async def test_the_model_says_how_much_it_reads(
    open_stub: OpenStub, entry: dict[str, Any], dialect: Dialect, context_tokens: int
) -> None:
    stub = await open_stub(models=models(**entry))
    async with watched(stub.url) as server:
        await server.wait_ready()
        assert (server.model.dialect, server.model.context_tokens) == (dialect, context_tokens)


async def test_the_settings_say_how_much_is_read_when_they_say_anything(
    open_stub: OpenStub,
) -> None:
    stub = await open_stub()
    async with watched(stub.url, context_tokens=1000) as server:
        await server.wait_ready()
        assert server.model.context_tokens == 1000


async def test_a_model_file_is_called_by_its_name_and_asked_for_by_its_path(
    open_stub: OpenStub,
) -> None:
    stub = await open_stub(models=models(id="/srv/models/Qwen3\x1b-8B.gguf"))
    async with watched(stub.url) as server:
        await server.wait_ready()
        assert server.model.name == "Qwen3 -8B"
        assert server.model.model_id == "/srv/models/Qwen3\x1b-8B.gguf"


async def test_the_key_is_sent(open_stub: OpenStub) -> None:
    stub = await open_stub()
    async with watched(stub.url, key="s3cret") as server:
        await server.wait_ready()
    assert stub.asked[0].headers["authorization"] == "bearer s3cret"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (whole({"error": {"message": "no key"}}, 401), "does not accept the key (no key)"),
        (whole({"detail": "Not Found"}, 404), "most end in /v1"),
        (whole(b"", 301, "Location: http://elsewhere.test/"), "points to another address"),
        (whole({"error": {"message": "out of memory"}}, 500), "status 500 (out of memory)"),
        (whole(b"<html>hello</html>"), "not as an OpenAI-compatible server"),
        (whole({"data": [{"name": "x"}]}), "not as an OpenAI-compatible server"),
        (whole({"data": []}), "has no model. Start its server with one"),
        (whole(b"[" * 9_000_000), "not as an OpenAI-compatible server"),
        (whole({"error": "\x1b[31m" + "x" * 5000}, 500), "x…)"),
    ],
)
async def test_what_is_wrong_with_it_is_said(
    open_stub: OpenStub, answer: Answer, sentence: str
) -> None:
    stub = await open_stub(models=answer)
    async with watched(stub.url) as server:
        with pytest.raises(EngineUnavailable) as refusal:
            await server.wait_ready()
        assert sentence in str(refusal.value)
        assert "\x1b" not in str(refusal.value)
        assert server.state is EngineState.FAILED


async def test_a_model_it_does_not_have_is_named_with_those_it_has(open_stub: OpenStub) -> None:
    stub = await open_stub()
    async with watched(stub.url, wanted_model="other") as server:
        with pytest.raises(EngineUnavailable, match=r"no model other.*one of these: big-model"):
            await server.wait_ready()


async def test_a_machine_that_is_away_is_waited_for_and_comes_back_by_itself(
    open_stub: OpenStub,
) -> None:
    stub = await open_stub()
    await stub.close()
    async with watched(stub.url, PATIENT) as server:
        waiting = asyncio.create_task(server.wait_ready())
        while server.state is not EngineState.FAILED:
            await server.next_change()
        assert "does not answer" in (server.failure or "")
        assert not waiting.done()
        await stub.listen(stub.port)
        await waiting
        assert server.model.name == "big-model"


async def test_while_it_loads_its_model_the_box_is_loading_too(open_stub: OpenStub) -> None:
    loading = {"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}}
    stub = await open_stub(models=whole(loading, 503))
    async with watched(stub.url) as server:
        waiting = asyncio.create_task(server.wait_ready())
        while server.failure is None:
            await server.next_change()
        assert server.state is EngineState.LOADING
        assert "is loading its model" in server.failure
        stub.answers["/v1/models"] = whole(MODELS)
        await waiting


async def test_a_doubt_makes_it_look_at_once(open_stub: OpenStub) -> None:
    stub = await open_stub()
    async with watched(stub.url) as server:
        await server.wait_ready()
        stub.answers["/v1/models"] = whole({}, 500)
        server.doubt()
        while server.state is EngineState.READY:
            await server.next_change()
        with pytest.raises(EngineUnavailable, match="status 500"):
            await server.wait_ready()


async def test_no_proxy_of_the_environment_is_used(
    open_stub: OpenStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub: StubServer = await open_stub()
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with watched(stub.url) as server:
        await server.wait_ready()


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    import ssl

    from appliance.remote.failures import unreachable

    error = OSError("connect failed")
    error.__cause__ = ssl.SSLCertVerificationError("self-signed certificate")
    assert "The certificate of bigbox is not trusted here" in str(unreachable("bigbox", error))


async def test_a_fence_of_the_service_unit_is_named() -> None:
    from appliance.remote.failures import unreachable

    sentence = str(unreachable("bigbox", PermissionError(1, "Operation not permitted")))
    assert "appliance-engine-url.conf" in sentence
