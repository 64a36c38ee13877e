"""A scripted box for the routes of the page."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fakes import ScriptedBackend
from httpx import ASGITransport, AsyncClient
from litestar import Litestar
from signed_in import COOKIES, sign_in

sys.path.append(str(Path(__file__).parent))

from bracketed import BRACKETING
from bracketed import browser as browser_of
from open_stream import OpenStream
from scripted_box import ScriptedService, scripted_box

from appliance.accounts.account import AccountRole
from appliance.app import create_app
from appliance.lifespan import Box, open_box
from appliance.settings import Settings


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService()


@pytest.fixture
def scripted(service: ScriptedService, tmp_path: Path) -> Box:
    return scripted_box(service, tmp_path)


@pytest.fixture
def app(scripted: Box) -> Litestar:
    return create_app(scripted, 80)


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[AsyncClient]:
    async with _browser(app) as client:
        yield client


@pytest.fixture
def follow(app: Litestar) -> Callable[[str], OpenStream]:
    """Opens the stream of a turn."""
    return lambda turn_id: OpenStream(app, f"/turns/{turn_id}/stream")


@pytest.fixture
def htmx() -> dict[str, str]:
    """What an open page sends with every request."""
    return {"HX-Request": "true"}


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    """A box that keeps what it is told; only its model is scripted."""
    settings = Settings(
        recall={"enabled": False},
        data_dir=tmp_path / "data",
        hot={"embedded": False},
        server={"names": ["box.test"]},
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda _: "A reply.")) as box:
        yield box


@pytest.fixture
async def kept(box: Box) -> AsyncIterator[AsyncClient]:
    """A browser at that box."""
    await sign_in(box)
    async with _browser(create_app(box, 80)) as client:
        yield client


@asynccontextmanager
async def _browser(app: Litestar) -> AsyncIterator[AsyncClient]:
    # In the test's own event loop, so that a script's step and its followers can meet.
    transport = ASGITransport(app)
    async with AsyncClient(
        transport=transport, base_url="http://box.test", cookies=COOKIES
    ) as client:
        # A first look, as every browser takes one: it brings the token that a form needs.
        await client.get("/")
        client.headers["x-csrf-token"] = client.cookies["csrf"]
        yield client


@pytest.fixture
async def bracketed(box: Box) -> AsyncIterator[AsyncClient]:
    """An admin at a box whose texts all stand in brackets."""
    await sign_in(box, role=AccountRole.ADMIN)
    async with browser_of(create_app(box, 80, BRACKETING)) as client:
        yield client
