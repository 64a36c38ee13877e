"""A Valkey that systemd runs beside the box (`systemd/appliance-valkey.service`).

It outlives the box's own restarts, so what is hot stays hot. Both run as the same person, and the
socket is for that person alone; a box that finds none starts one of its own.
"""

import asyncio
import os
import stat
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from appliance.errors import SettingsError
from appliance.hot.binary import find_binary
from appliance.hot.valkey_settings import settings_text

SOCKET = Path("/run/appliance-valkey/valkey.sock")
ANSWER_SECONDS = 1.0


def command_in(directory: Path, memory_mb: int) -> list[str]:
    """What runs the server in that directory, whose settings are written there.

    Raises SettingsError when there is no server, OSError when nothing can be written.
    """
    binary = find_binary()
    if binary is None:
        raise SettingsError(
            "There is no Valkey on this machine: install valkey-server, or stop this service with "
            "`systemctl disable --now appliance-valkey`. The box runs without, too."
        )
    settings = directory / "valkey.conf"
    settings.write_text(settings_text(directory / SOCKET.name, directory, memory_mb))
    return [str(binary), str(settings)]


async def url_of_service(socket: Path = SOCKET) -> str | None:
    """For the client; None when nothing answers there that is ours."""
    if not await asyncio.to_thread(_is_ours, socket):
        return None
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            if await answers_ping(socket):
                return f"unix://{quote(str(socket))}"
    return None


async def answers_ping(socket: Path) -> bool:
    """Whether a server listens on it, and has come so far as to answer."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(socket))
    except OSError:
        return False
    try:
        writer.write(b"PING\r\n")
        return (await reader.readline()).startswith(b"+PONG")
    except OSError:
        return False
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def _is_ours(socket: Path) -> bool:
    with suppress(OSError):
        found = socket.lstat()
        return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid()
    return False
