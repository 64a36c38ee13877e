"""A whole box with a scripted model behind a real socket, in this process: its clock can be set."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn
from fakes import ScriptedBackend
from sealing import CHEAP
from signed_in import cheap_passwords, sign_in

from appliance.app import create_app
from appliance.lifespan import Box, open_box
from appliance.settings import Settings


class LiveBox:
    """Starts and stops as often as need be, on the same data and the same port."""

    box: Box
    url: str

    def __init__(self, data_dir: Path, backend: Callable[[], ScriptedBackend]) -> None:
        self._settings = Settings(data_dir=data_dir, hot={"embedded": False})
        self._backend = backend
        self._port = 0
        self.now = 1000.0
        """The clock by which temporary conversations end."""

    def do(self, step: Callable[[], Awaitable[Any]]) -> Any:
        """Run something where the box lives."""

        async def run() -> Any:
            return await step()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout=20)

    def start(self) -> None:
        self._is_up, self._loop = threading.Event(), asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._serve()])
        self._thread.start()
        assert self._is_up.wait(30)

    def stop(self) -> None:
        """As a polite stop does: streams end without their end."""
        for desk in (self.box.desk, self.box.temporary.desk, self.box.sealed.desk):
            self._loop.call_soon_threadsafe(desk.runner.release_readers)
        self._server.should_exit = True
        self._thread.join(timeout=30)
        self._loop.close()

    async def _serve(self) -> None:
        config = uvicorn.Config(
            "",
            host="127.0.0.1",
            port=self._port,
            log_level="error",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        with config.bind_socket() as socket:
            socket.listen()  # who comes before the box is ready waits for it
            self._port = socket.getsockname()[1]
            self.url = f"http://127.0.0.1:{self._port}"
            async with open_box(
                self._settings, self._backend, cheap_passwords(), CHEAP
            ) as self.box:
                self.box.temporary.lifetimes.clock = lambda: self.now
                await sign_in(self.box)
                await self.box.generations.wait_ready()
                config.app = create_app(self.box, self._port)
                self._server = uvicorn.Server(config)
                self._is_up.set()
                await self._server.serve([socket])
