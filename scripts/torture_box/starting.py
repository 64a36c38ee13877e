"""How the appliance is started here: the real one, or one with a constant or two changed."""

import asyncio
from pathlib import Path

from appliance_process import UnpreparedProcess
from benchmark.owner import move_in
from page_client import PageClient

_LAUNCHER = Path(__file__).with_name("launcher.py")


class OwnBox(UnpreparedProcess):
    """A box that its owner has set up by the link that it printed; nothing was there before."""

    cookies: dict[str, str]

    def set_up(self) -> None:
        """Come in as its owner."""
        path = self.wait_for(r"http://\S+(/setup/[\w-]+)")
        self.cookies = asyncio.run(move_in(self.url, path)).cookies

    def page(self) -> PageClient:
        """An open page of the owner's."""
        return PageClient(self.url, self.cookies)


def start(folder: Path, *changes: str, reply_tokens: int, **environment: str) -> OwnBox:
    """On a data directory inside `folder`; `changes` are options of launcher.py."""
    sockets = folder / "run"
    sockets.mkdir(exist_ok=True)
    box = OwnBox(
        folder / "data",
        # -P, so that the launcher's neighbours are not taken for modules of the same name.
        program=("-P", str(_LAUNCHER), *changes),
        APPLIANCE_LIMITS__REPLY_TOKENS=str(reply_tokens),
        # What is asked here in a minute, no person asks.
        APPLIANCE_LIMITS__REQUESTS_PER_MINUTE="0",
        APPLIANCE_LIMITS__TOKENS_PER_DAY="0",
        # What a killed Valkey leaves behind goes with the folder.
        RUNTIME_DIRECTORY=str(sockets),
        **environment,
    )
    try:
        box.set_up()
    except BaseException:
        box.kill()
        raise
    return box
