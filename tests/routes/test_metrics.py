"""GET /metrics: who may read it, and that it tells on nobody."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from conversation_steps import follow_to_end, say
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient, Response
from litestar import Litestar
from prometheus_client.parser import text_string_to_metric_families
from scripted_box import ScriptedService
from signed_in import sign_in

from appliance.app import create_app
from appliance.errors import EngineUnavailable
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

REQUESTS = "appliance_http_requests_total"


def counted(answer: Response) -> dict[tuple[str, str, str], float]:
    """How many requests of each method, route and status."""
    return {
        (sample.labels["method"], sample.labels["path"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == REQUESTS
    }


@asynccontextmanager
async def whole_box(data_dir: Path) -> AsyncIterator[tuple[Box, AsyncClient]]:
    # A title would be counted, too.
    settings = Settings(data_dir=data_dir, hot={"embedded": False}, assistant={"titles": False})
    async with open_box(settings, lambda: ScriptedBackend(lambda s: "The heron is grey.")) as box:
        await box.generations.wait_ready()
        cookies = await sign_in(box)
        transport = ASGITransport(create_app(box, 80))
        async with AsyncClient(
            transport=transport, base_url="http://localhost", cookies=cookies
        ) as client:
            yield box, client


async def test_programs_on_this_machine_may_read_them(app: Litestar) -> None:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://box.test") as program:
        answer = await program.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "set-cookie" not in answer.headers


async def test_a_foreign_host_name_is_refused(client: AsyncClient) -> None:
    answer = await client.get("/metrics", headers={"Host": "evil.com"})
    assert answer.status_code == 400
    assert "appliance_" not in answer.text


async def test_requests_are_counted_by_route_and_status(
    client: AsyncClient, service: ScriptedService
) -> None:
    conversation_id = service.add_conversation("Herons")
    await client.get(f"/conversations/{conversation_id}")
    await client.get(f"/conversations/{'0' * 32}")
    found = counted(await client.get("/metrics"))
    assert found["GET", "/conversations/{conversation_id}", "200"] == 1
    assert found["GET", "/conversations/{conversation_id}", "404"] == 1
    assert ("GET", "/metrics", "200") not in found, "its own answer is not over yet"
    assert counted(await client.get("/metrics"))["GET", "/metrics", "200"] == 1


async def test_what_a_fence_refuses_is_counted_as_refused(client: AsyncClient) -> None:
    await client.post("/turns", headers={"Origin": "http://evil.com"})
    await client.post("/turns", headers={"x-csrf-token": "wrong"})
    found = counted(await client.get("/metrics"))
    assert found["POST", "/turns", "403"] == 2
    assert ("POST", "/turns", "200") not in found


async def test_a_failure_inside_is_counted_as_one(
    client: AsyncClient, service: ScriptedService
) -> None:
    service.refusal = RuntimeError("scripted")
    form = {"content": "Hi", "client_message_id": "1" * 32, "conversation_id": ""}
    assert (await client.post("/turns", data=form)).status_code == 500
    assert counted(await client.get("/metrics"))["POST", "/turns", "500"] == 1


async def test_made_up_paths_and_methods_make_no_new_series(client: AsyncClient) -> None:
    for number in range(5):
        await client.get(f"/heron-{number}")
        await client.request(f"HERON{number}", "/healthz")
    assert "heron" not in (await client.get("/metrics")).text.lower()


async def test_they_say_nothing_about_anybody(tmp_path: Path) -> None:
    async with whole_box(tmp_path / "house-of-ann") as (box, client):
        started = await say(box, "Why is the wagtail yellow?")
        conversation_id, turn_id = started.conversation.conversation_id, started.turn.turn_id
        await follow_to_end(box, turn_id)
        await box.desk.service.rename_conversation(box.person, conversation_id, "Birdwatching")
        for path in (
            f"conversations/{conversation_id}",
            f"turns/{turn_id}/stream",
            "v1/models/ann",
        ):
            await client.get(f"/{path}?who=ann-in-the-query")
        text = (await client.get("/metrics")).text
    secrets = ["wagtail", "heron", "Birdwatching", "house-of-ann", "in-the-query", "models/ann"]
    secrets += [conversation_id, turn_id, started.message.message_id, box.person.person_id]
    secrets += [box.engine.profile().name, box.page_secret]
    assert [secret for secret in secrets if secret in text] == []


async def test_every_label_is_one_of_a_few_and_no_path_is_one_that_was_asked_for(
    tmp_path: Path,
) -> None:
    async with whole_box(tmp_path) as (_, client):
        await client.get("/")
        await client.get(f"/conversations/{'a' * 32}")
        await client.get("/static/css/app.css")
        text = (await client.get("/metrics")).text
        app = client._transport.app  # type: ignore[attr-defined]
    labels = [
        label
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        for label in sample.labels.items()
    ]
    of_python = {"implementation", "major", "minor", "patchlevel", "generation"}
    assert {name for name, _ in labels} <= of_python | {
        *("method", "path", "status", "outcome", "le", "version", "llama_cpp_python")
    }
    asked = {value for name, value in labels if name == "path"}
    assert asked == {"/", "/conversations/{conversation_id}", "/static/{file_path}", "/metrics"}
    assert asked <= {route.path_format for route in app.routes}


async def test_they_say_whether_there_is_a_model_and_miss_no_valkey_that_is_not_used(
    tmp_path: Path,
) -> None:
    async with whole_box(tmp_path) as (_, client):
        text = (await client.get("/metrics")).text
    assert "\nappliance_model_ready 1.0\n" in text
    assert "\nappliance_valkey_away 0.0\n" in text
    assert "\nappliance_disk_free_bytes 0.0\n" not in text


async def test_a_valkey_that_should_be_there_and_is_not_is_missed(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", hot={"url": f"unix://{tmp_path}/nobody-listens"}
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda s: "Yes.")) as box:
        await box.generations.wait_ready()
        started = await say(box, "Is it away?")
        await follow_to_end(box, started.turn.turn_id)
        assert b"\nappliance_valkey_away 1.0\n" in box.metrics.text()


async def test_a_model_that_could_not_be_loaded_is_missed(tmp_path: Path) -> None:
    def load() -> ScriptedBackend:
        raise EngineUnavailable("no model today")

    settings = Settings(data_dir=tmp_path / "data", hot={"embedded": False})
    async with open_box(settings, load) as box:
        with pytest.raises(EngineUnavailable):
            await box.generations.wait_ready()
        assert b"\nappliance_model_ready 0.0\n" in box.metrics.text()
