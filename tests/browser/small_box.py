"""A whole box but for its model, which holds very little and reads one character a token."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from aside_steps import settled
from fakes import ScriptedBackend
from signed_in import sign_in

from appliance.app import create_app
from appliance.lifespan import Box, open_box
from appliance.settings import Settings

NOTHING_BESIDE = {"titles": False, "summaries": False, "facts": False}


class SmallBox:
    """Where it answers, and its parts, which live on a thread of their own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._opened = threading.Event()

    def opened(self, box: Box) -> None:
        self._box, self._loop = box, asyncio.get_running_loop()
        self._opened.set()

    def settle(self) -> None:
        """Return when no turn is open, and what followed from them is done."""
        self.wait(settled)

    def wait(self, happening: Callable[[Box], Coroutine[Any, Any, Any]]) -> Any:
        """Until it has happened to the box, where that lives; what came of it."""
        assert self._opened.wait(20)
        return asyncio.run_coroutine_threadsafe(happening(self._box), self._loop).result(20)


@contextmanager
def small_box(
    data_dir: Path,
    reply: Callable[[Any], str],
    context_tokens: int = 500,
    assistant: dict[str, Any] = NOTHING_BESIDE,
    **sections: Any,
) -> Iterator[SmallBox]:
    """Nothing is asked beside turns unless a test says so."""
    config = uvicorn.Config("", host="127.0.0.1", port=0, log_level="error", lifespan="off")
    socket = config.bind_socket()
    socket.listen()  # who comes before the box is ready waits for it
    port = socket.getsockname()[1]
    server, small = uvicorn.Server(config), SmallBox(f"http://127.0.0.1:{port}")

    async def serve() -> None:
        settings = Settings(
            data_dir=data_dir, hot={"embedded": False}, assistant=assistant, **sections
        )
        backend = ScriptedBackend(reply, context_tokens=context_tokens)
        async with open_box(settings, lambda: backend) as box:
            await sign_in(box)
            await box.generations.wait_ready()
            small.opened(box)
            config.app = create_app(box, port)
            await server.serve([socket])

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        yield small
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        socket.close()
