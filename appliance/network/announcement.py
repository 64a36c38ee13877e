"""The box's name on the LAN, by multicast DNS: `box.local`, and the services that are there.

Runs in a process of its own (`appliance announce`), for the serving process has no network but what
it accepts. Before it claims a name it asks whether somebody else has it, and takes the next one
then: box-2.local. It says which it got in the data directory, where the server finds it for its
list of names and its certificate. Who had a name first keeps it. Two that start at the same moment
may both find it free: so each asks once more after announcing, and now and then, and the one with
the lower address takes another name. When it stops it says goodbye.
"""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import ifaddr
import structlog
from zeroconf import Error, InterfaceChoice, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from appliance.errors import NetworkError
from appliance.network.addresses import own_addresses, parsed
from appliance.network.doorplate import (
    Served,
    forget_announced_name,
    say_announced_name,
    what_is_served,
)
from appliance.network.host_question import addresses_of, all_addresses_of
from appliance.network.tls_folder import TlsFolder

LOOK_SECONDS = 5.0
MOST_TRIES = 20
ASK_AGAIN_SECONDS = 60.0

_NO_LAN = re.compile(r"lo$|docker|veth|virbr|lxc|cni|br-[0-9a-f]{12}$")
"""Interfaces behind which there is no network but one inside this machine."""

log = structlog.get_logger(__name__)

Say = Callable[[str], None]


class _NameLost(Exception):
    """Somebody else has it, too, and keeps it."""


def soon() -> float:
    """When to ask again after announcing: not at the same moment as another box that just did."""
    return random.uniform(0.5, 3.0)


def lan_addresses() -> tuple[str, ...]:
    """This machine's addresses on real networks."""
    found = [
        parsed(str(each.ip if each.is_IPv4 else each.ip[0]))
        for adapter in ifaddr.get_adapters()
        if not _NO_LAN.match(adapter.name)
        for each in adapter.ips
    ]
    there = (each for each in found if each and not each.is_loopback and not each.is_link_local)
    return tuple(dict.fromkeys(map(str, sorted(there, key=lambda each: each.version))))


def rank(addresses: Iterable[str]) -> tuple[int, int]:
    """Of two that want one name, the higher keeps it: both come to the same answer.

    By the highest address, those of IPv4 before all others: everybody on a LAN sees them.
    """
    known = filter(None, map(parsed, addresses))
    return max(((each.version == 4, int(each)) for each in known), default=(0, 0))


class Announcer:
    """Announces what the server on this data directory serves, for as long as it does."""

    def __init__(
        self,
        data_dir: Path,
        label: str,
        say: Say,
        has_certificate: bool = False,
        look_seconds: float = LOOK_SECONDS,
        addresses: Callable[[], tuple[str, ...]] = lan_addresses,
        settling: Callable[[], float] = soon,
    ) -> None:
        self._data_dir = data_dir
        self._label = label
        self._say = say
        self._has_certificate = has_certificate
        self._look_seconds = look_seconds
        self._addresses = addresses
        self._settling = settling
        self._name = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. What changes meanwhile (addresses, port, TLS) is announced anew."""
        while not stop.is_set():
            state = self._state()
            served, addresses, _ = state
            if served is None or not addresses:
                await self._wait_for_change(state, stop)
                continue
            try:
                async with self._announced(served, addresses) as (zeroconf, name):
                    await self._keep_name(zeroconf, name, addresses, state, stop)
            except _NameLost:
                continue  # the next one that is free
            except (OSError, Error) as error:
                # An interface that went while it was used; the next look shows what is there.
                log.warning("announcing failed", error=f"{type(error).__name__}: {error}")
                await self._wait_for_change(None, stop, once=True)

    def _state(self) -> tuple[Served | None, tuple[str, ...], bool]:
        is_tls = self._has_certificate or TlsFolder(self._data_dir).is_there
        return what_is_served(self._data_dir), self._addresses(), is_tls

    async def _wait_for_change(
        self, state: object, stop: asyncio.Event, once: bool = False
    ) -> None:
        while not stop.is_set() and (once or self._state() == state):
            try:
                await asyncio.wait_for(stop.wait(), self._look_seconds)
            except TimeoutError:
                if once:
                    return

    async def _keep_name(
        self,
        zeroconf: AsyncZeroconf,
        name: str,
        addresses: tuple[str, ...],
        state: object,
        stop: asyncio.Event,
    ) -> None:
        """Until something changes. Raises _NameLost."""
        changing = asyncio.create_task(self._wait_for_change(state, stop))
        asking = asyncio.create_task(self._look_for_rivals(zeroconf, name, addresses))
        try:
            await asyncio.wait({changing, asking}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()
        finally:
            for task in (changing, asking):
                task.cancel()
            await asyncio.gather(changing, asking, return_exceptions=True)

    async def _look_for_rivals(
        self, zeroconf: AsyncZeroconf, name: str, addresses: tuple[str, ...]
    ) -> None:
        """For ever, or until one is found to which the name is left: that raises _NameLost."""
        wait = self._settling()
        while True:
            await asyncio.sleep(wait)
            own = {*addresses, *own_addresses()}
            rivals = await all_addresses_of(zeroconf, name) - own
            if rivals and rank(addresses) < rank(rivals):
                self._say(f"{name} is taken by {', '.join(sorted(rivals))}, too.")
                raise _NameLost
            wait = ASK_AGAIN_SECONDS + self._settling()

    @asynccontextmanager
    async def _announced(
        self, served: Served, addresses: tuple[str, ...]
    ) -> AsyncIterator[tuple[AsyncZeroconf, str]]:
        zeroconf = AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.All)
        try:
            await zeroconf.zeroconf.async_wait_for_start()
            name = await self._free_name(zeroconf, addresses)
            for kind in self._kinds():
                service = AsyncServiceInfo(
                    kind,
                    f"Appliance on {name.removesuffix('.local')}.{kind}",
                    port=served.port,
                    properties={"path": "/"},
                    server=f"{name}.",
                    parsed_addresses=list(addresses),
                )
                await (await zeroconf.async_register_service(service, allow_name_change=True))
            self._tell(name, served)
            yield zeroconf, name
        finally:
            forget_announced_name(self._data_dir)
            await zeroconf.async_close()  # with a goodbye for all that was registered

    def _kinds(self) -> tuple[str, ...]:
        _, _, is_tls = self._state()
        return ("_https._tcp.local.", "_http._tcp.local.") if is_tls else ("_http._tcp.local.",)

    async def _free_name(self, zeroconf: AsyncZeroconf, addresses: tuple[str, ...]) -> str:
        """The wished name, or the first with a number that nobody else has."""
        for number in range(1, MOST_TRIES + 1):
            name = f"{self._label}.local" if number == 1 else f"{self._label}-{number}.local"
            # Another responder on this machine may answer for it, too, with all it has.
            others = await addresses_of(zeroconf, name) - {*addresses, *own_addresses()}
            if not others:
                return name
            self._say(f"{name} is taken by {', '.join(sorted(others))}.")
        raise NetworkError(
            f"{self._label}.local and {MOST_TRIES - 1} names after it are taken on this network. "
            "Choose another one with --name."
        )

    def _tell(self, name: str, served: Served) -> None:
        say_announced_name(self._data_dir, name)
        if name != self._name:
            self._name = name
            scheme = "https" if self._state()[2] else "http"
            self._say(f"This box is {scheme}://{name}:{served.port} on the network.")
