"""Browsers at a whole box that nobody has set up yet; passwords are cheap."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from fakes import ScriptedBackend
from house import PASSWORD
from httpx import ASGITransport, AsyncClient, Response
from signed_in import cheap_passwords

from appliance.app import create_app
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Browser:
    """Sends forms as a page without scripts does."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **headers: str) -> Response:
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, **fields: str) -> Response:
        if "csrf" not in self.client.cookies:
            await self.client.get("/sign-in")
        token = {"_csrf_token": self.client.cookies.get("csrf", "")}
        return await self.client.post(path, data=token | fields)

    async def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> Response:
        return await self.post("/sign-in", name=name, password=password, **fields)

    @property
    def is_in(self) -> bool:
        return bool(self.client.cookies.get("sign-in"))


class Street:
    """A box, and as many browsers before it as a test likes."""

    def __init__(self, box: Box, stack: AsyncExitStack) -> None:
        self.box = box
        self.app = create_app(box, 80)
        self._stack = stack

    async def browser(self, address: str = "127.0.0.1", scheme: str = "http") -> Browser:
        client = AsyncClient(
            transport=ASGITransport(self.app, client=(address, 1)),
            base_url=f"{scheme}://box.test",
            headers={"User-Agent": FIREFOX},
        )
        return Browser(await self._stack.enter_async_context(client))

    async def set_up(self, name: str = "Ann") -> Browser:
        """The browser of the first admin."""
        ann = await self.browser()
        key = self.box.door.links.setup_key()
        answer = await ann.post(f"/setup/{key}", name=name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return ann

    async def invited(self, admin: Browser, name: str, role: str = "member") -> Browser:
        """The browser of somebody whom an admin invited."""
        page = await admin.post("/invitations", role=role, days="7")
        path = found(r'value="http://box.test(/invitations/[^"]+)"', page)
        guest = await self.browser()
        answer = await guest.post(path, name=name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return guest


def found(pattern: str, page: Response) -> str:
    """The first group of the first match."""
    match = re.search(pattern, page.text)
    assert match, page.text
    return match[1]


@asynccontextmanager
async def open_street(data_dir: Path) -> AsyncIterator[Street]:
    settings = Settings(
        data_dir=data_dir,
        hot={"embedded": False},
        server={"names": ["box.test"]},
        assistant={"titles": False, "summaries": False, "facts": False},
    )
    model = ScriptedBackend(lambda _: "A reply.")
    async with (
        open_box(settings, lambda: model, cheap_passwords()) as box,
        AsyncExitStack() as stack,
    ):
        yield Street(box, stack)
