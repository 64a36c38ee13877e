"""Browsers at a box that a test has opened, with somebody signed in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from httpx import ASGITransport, AsyncClient
from signed_in import sign_in

from appliance.accounts.account import AccountRole
from appliance.app import create_app
from appliance.lifespan import Box


@asynccontextmanager
async def browser(
    box: Box, name: str = "me", role: AccountRole = AccountRole.MEMBER
) -> AsyncIterator[AsyncClient]:
    """It has been at the page once, and so has its token for forms."""
    cookies = await sign_in(box, name, role)
    transport = ASGITransport(create_app(box, 80))
    async with AsyncClient(
        transport=transport, base_url="http://box.test", cookies=cookies
    ) as client:
        await client.get("/")
        yield client


@asynccontextmanager
async def scripted_browser(
    box: Box, name: str = "me", role: AccountRole = AccountRole.MEMBER
) -> AsyncIterator[AsyncClient]:
    """Sends the token with all that it asks for, as the page's scripts do."""
    async with browser(box, name, role) as client:
        client.headers["x-csrf-token"] = client.cookies["csrf"]
        yield client
