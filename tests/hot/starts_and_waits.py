"""Run by test_server.py: starts a server, says its pid, and stays until it is killed."""

import asyncio
import sys

import structlog

from appliance.hot.server import ValkeyServer


async def main() -> None:
    server = ValkeyServer()
    await server.start()
    print(server.pid, server.url, flush=True)
    await asyncio.Event().wait()


structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
asyncio.run(main())
