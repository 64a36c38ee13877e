"""Asks the LAN which addresses a `.local` name has; the library answers for services only."""

import asyncio
from ipaddress import ip_address

from zeroconf import (
    DNSAddress,
    DNSOutgoing,
    DNSQuestion,
    RecordUpdate,
    RecordUpdateListener,
    Zeroconf,
)
from zeroconf.asyncio import AsyncZeroconf

_QUERY, _IN = 0x0000, 1
_A, _AAAA = 1, 28
ASK_TIMES = 3
PAUSE_SECONDS = 0.25
"""Three questions a quarter of a second apart, as the standard (RFC 6762, 8.1) has it."""


class _Answers(RecordUpdateListener):
    def __init__(self, name: str) -> None:
        self._name = name.lower()
        self.addresses: set[str] = set()

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        for each in records:
            record = each.new
            if isinstance(record, DNSAddress) and record.key == self._name:
                address = ip_address(record.address)
                if not address.is_link_local:
                    self.addresses.add(str(address))


async def addresses_of(zeroconf: AsyncZeroconf, name: str) -> set[str]:
    """Of whoever answers within a second, link-local ones left out; none for a free name."""
    answers = _Answers(f"{name}.")
    questions = [DNSQuestion(f"{name}.", kind, _IN) for kind in (_A, _AAAA)]
    zeroconf.zeroconf.async_add_listener(answers, questions)
    try:
        for _ in range(ASK_TIMES):
            out = DNSOutgoing(_QUERY)
            for question in questions:
                out.add_question(question)
            zeroconf.zeroconf.async_send(out)
            await asyncio.sleep(PAUSE_SECONDS)
    finally:
        zeroconf.zeroconf.async_remove_listener(answers)
    return answers.addresses
