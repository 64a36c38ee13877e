"""A whole box behind a real socket; only its model is scripted."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fakes import ScriptedBackend
from signed_in import sign_in

from appliance.app import create_app
from appliance.lifespan import open_box
from appliance.settings import Settings


@contextmanager
def serving(data_dir: Path, backend: ScriptedBackend, **sections: Any) -> Iterator[str]:
    """The address of the box."""
    config = uvicorn.Config("", host="127.0.0.1", port=0, log_level="error", lifespan="off")
    socket = config.bind_socket()
    socket.listen()  # who comes before the box is ready waits for it
    port = socket.getsockname()[1]
    server = uvicorn.Server(config)

    async def serve() -> None:
        sections.setdefault("assistant", {"titles": False, "summaries": False, "facts": False})
        settings = Settings(data_dir=data_dir, hot={"embedded": False}, **sections)
        async with open_box(settings, lambda: backend) as box:
            await sign_in(box)
            await box.generations.wait_ready()
            config.app = create_app(box, port)
            await server.serve([socket])

    thread = threading.Thread(target=asyncio.run, args=[serve()])
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        if backend._gate is not None:
            backend.let(100_000)
        thread.join(timeout=20)
        socket.close()
