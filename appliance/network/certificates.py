"""What the box shows of itself over TLS, always fit for the connection at hand.

Nothing runs in the background: each connection asks, and whatever needs doing is done then. Is
there a certificate now, or none any more? Have the files of its owner's own changed? Does it cover
the address that this connection came to, and the box's names? Does it run out soon? A certificate
that nobody asks for needs no renewal.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext, SSLError, TLSVersion
from time import monotonic

import structlog

from appliance.errors import CertificateRefused
from appliance.network.addresses import own_addresses, parsed
from appliance.network.authority import (
    Facts,
    Pair,
    facts_of,
    issue,
    make_authority,
    speakable,
    today,
)
from appliance.network.box_names import BoxNames
from appliance.network.tls_folder import TlsFolder

RENEW_BEFORE = timedelta(days=30)
LOOK_SECONDS = 1.0
PAUSE_SECONDS = 60.0
"""After something that did not work, such as a full disk."""
MOST_ADDRESSES = 50

log = structlog.get_logger(__name__)

OwnFiles = tuple[Path, Path]
"""A certificate with its chain, and its key."""


class Certificates:
    """`own` names files that somebody else renews; else it is the box's own authority's."""

    def __init__(
        self,
        data_dir: Path,
        names: BoxNames,
        own: OwnFiles | None = None,
        today: Callable[[], datetime] = today,
        clock: Callable[[], float] = monotonic,
        addresses: Callable[[], tuple[str, ...]] = own_addresses,
    ) -> None:
        self._folder = TlsFolder(data_dir)
        self._names = names
        self._own = own
        self._today = today
        self._clock = clock
        self._addresses = addresses
        self._context: SSLContext | None = None
        self._facts: Facts | None = None
        self._seen: tuple[float, ...] = ()
        """When the files were written that the context is made of."""
        self._looked_at: float | None = None
        self._tried: set[str] = set()
        self._changing = asyncio.Lock()

    @property
    def is_on(self) -> bool:
        """Whether other machines are served over TLS, as the last connection found it."""
        return self._context is not None

    async def context_for(self, local: str) -> SSLContext | None:
        """For a connection to this address of ours; None when TLS is not on. Never raises: with
        what cannot be renewed it goes on as it was, and says so in the log.
        """
        address = str(parsed(local) or "")
        if self._is_due(address):
            async with self._changing:
                if self._is_due(address):
                    await asyncio.to_thread(self._look, address)
        return self._context

    def open(self) -> None:
        """A first look, at the start. Raises CertificateRefused for what cannot be used."""
        self._looked_at = self._clock()
        self._load()
        self._renew_if_need_be("")

    def _is_due(self, address: str) -> bool:
        is_new = self._context is not None and self._is_missing(address)
        return is_new or self._looked_at is None or self._clock() - self._looked_at >= LOOK_SECONDS

    def _look(self, address: str) -> None:
        self._looked_at = self._clock()
        self._tried.add(address)
        try:
            self._load()
            self._renew_if_need_be(address)
        except CertificateRefused as error:
            self._looked_at += PAUSE_SECONDS
            log.warning("the certificate stays as it was", reason=str(error))

    def _load(self) -> None:
        """Take the files up if they are not those that were seen last."""
        kept = (self._folder.server, self._folder.server) if self._folder.is_there else ()
        files = self._own or kept
        seen = tuple(_written_at(file) for file in files)
        if seen == self._seen and self._context is not None:
            return
        self._seen = seen
        if not files:
            self._context = self._facts = None
        elif all(seen) or self._own:
            self._facts, self._context = _taken_up(*files)
        else:
            self._facts = None  # a new one is wanted; meanwhile the old one serves

    def _renew_if_need_be(self, address: str) -> None:
        if self._own or not self._folder.is_there:
            return
        authority = self._folder.authority()
        wanted = self._wanted(authority, address)
        if self._facts is not None:
            # Towards the authority's own end a new one would end no later.
            too_soon = self._today() + RENEW_BEFORE
            too_soon = min(too_soon, facts_of(authority.certificate).expires_at)
            covered = self._facts.names | self._facts.addresses
            if self._facts.expires_at >= too_soon and wanted <= covered:
                return
        names = [each for each in sorted(wanted, key=self._order) if parsed(each) is None]
        addresses = sorted(each for each in wanted if parsed(each) is not None)
        self._folder.keep_server(issue(authority, names, addresses, self._today()))
        self._load()
        log.info("a new certificate was issued", names=names, addresses=addresses)

    def _wanted(self, authority: Pair, address: str) -> set[str]:
        """What the authority may speak for of all that the box is called, and was called."""
        before = self._facts.addresses if self._facts is not None else frozenset()
        addresses = ["127.0.0.1", "::1", *self._addresses(), *sorted(before)]
        wished = [*self._names.all(), *([address] if address else []), *addresses]
        may = speakable(authority.certificate, wished)
        return set(may[: MOST_ADDRESSES + len(self._names.all())])

    def _is_missing(self, address: str) -> bool:
        """Asked for the first time, and not in the certificate."""
        known = self._facts.addresses if self._facts is not None else frozenset()
        return bool(address) and address not in known and address not in self._tried

    def _order(self, name: str) -> tuple[bool, str]:
        return name != self._names.on_lan, name


def turn_on(data_dir: Path, names: BoxNames, now: datetime) -> None:
    """Make a new authority; the certificate follows when it is asked for."""
    folder = TlsFolder(data_dir)
    folder.forget_server()
    folder.keep_authority(make_authority(names.on_lan, names.all(), now))


def _written_at(file: Path) -> float:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0.0


def _taken_up(certificate: Path, key: Path) -> tuple[Facts, SSLContext]:
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.minimum_version = TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        facts = facts_of(_first_certificate(certificate.read_bytes()))
        context.load_cert_chain(certificate, key, password=_no_password)
    except SSLError as error:
        raise CertificateRefused(
            f"{certificate} and {key} do not belong together, or are damaged. Name a certificate "
            "and its own key, both as PEM and without a password."
        ) from error
    except OSError as error:
        raise CertificateRefused(
            f"{error.filename or certificate} cannot be read: {error.strerror}. Let this user "
            "read it, or name another file."
        ) from error
    return facts, context


def _first_certificate(pem: bytes) -> bytes:
    """Without a key that stands before it."""
    start = pem.find(b"-----BEGIN CERTIFICATE-----")
    return pem[max(start, 0) :]


def _no_password() -> str:
    """Nobody is there to be asked for one."""
    return ""
