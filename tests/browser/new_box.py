"""A box that nobody has set up yet, and what browser tests do at its door."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from fakes import ScriptedBackend
from house import PASSWORD
from playwright.sync_api import Page
from signed_in import cheap_passwords

from appliance.app import create_app
from appliance.lifespan import open_box
from appliance.settings import Settings

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@contextmanager
def new_box(data_dir: Path) -> Iterator[str]:
    """The address of a box that nobody has set up, and its setup link behind a #."""
    config = uvicorn.Config("", host="127.0.0.1", port=0, log_level="error", lifespan="off")
    socket = config.bind_socket()
    socket.listen()
    port = socket.getsockname()[1]
    server, is_up = uvicorn.Server(config), threading.Event()
    keys: list[str] = []

    async def serve() -> None:
        settings = Settings(data_dir=data_dir, hot={"embedded": False})
        model = ScriptedBackend(lambda _: "A reply.")
        async with open_box(settings, lambda: model, cheap_passwords()) as box:
            keys.append(box.door.links.setup_key())
            config.app = create_app(box, port)
            is_up.set()
            await server.serve([socket])

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    assert is_up.wait(30)
    try:
        yield f"http://127.0.0.1:{port}/setup/{keys[0]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        socket.close()


def check_access(page: Page) -> None:
    """No fault that axe knows, and everything large enough for a finger."""
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    # A link in a line of text is as high as its line.
    for control in page.locator("main .button, main input:visible, main select").all():
        box = control.bounding_box()
        assert box is not None and box["height"] >= 44, control.evaluate("e => e.outerHTML")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def enter(page: Page, name: str, button: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name=button).click()
