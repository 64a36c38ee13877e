"""Asks the LAN which addresses a `.local` name has."""

import asyncio
from ipaddress import ip_address

from zeroconf import (  # type: ignore[attr-defined]
    AddressResolver,
    DNSAddress,
    DNSOutgoing,
    DNSQuestion,
    DNSQuestionType,
    IPVersion,
    RecordUpdate,
    RecordUpdateListener,
    Zeroconf,
)
from zeroconf.asyncio import AsyncZeroconf

from appliance.network.addresses import parsed

ASK_MS = 2500
"""Time for two questions and their answers, of which one may be lost."""

_QUERY, _IN, _A, _AAAA = 0, 1, 1, 28
"""As DNS counts them: a question, about the internet, for addresses of either kind."""


async def addresses_of(zeroconf: AsyncZeroconf, name: str) -> set[str]:
    """Of whoever answers first, link-local ones left out; none for a name that is free."""
    question = AddressResolver(f"{name}.")
    # Answered to everybody: an answer to us alone might go to another responder on this machine.
    await question.async_request(zeroconf.zeroconf, ASK_MS, DNSQuestionType.QM)
    found = map(parsed, question.parsed_addresses(IPVersion.All))
    return {str(each) for each in found if each and not each.is_link_local}


async def all_addresses_of(
    zeroconf: AsyncZeroconf, name: str, seconds: float = ASK_MS / 1000
) -> set[str]:
    """Of everybody who answers within that time, this machine among them; two questions.

    Unlike the other it goes on listening, and does not take for an answer what was heard before.
    """
    questions = [DNSQuestion(f"{name}.", kind, _IN) for kind in (_A, _AAAA)]
    heard = _Heard(f"{name}.")
    zeroconf.zeroconf.async_add_listener(heard, None)
    try:
        for _ in range(2):
            out = DNSOutgoing(_QUERY)
            for question in questions:
                out.add_question(question)
            zeroconf.zeroconf.async_send(out)
            await asyncio.sleep(seconds / 2)
    finally:
        zeroconf.zeroconf.async_remove_listener(heard)
    found = map(parsed, heard.addresses)
    return {str(each) for each in found if each and not each.is_link_local}


class _Heard(RecordUpdateListener):
    """Every address that anybody says the name has."""

    def __init__(self, name: str) -> None:
        self._name = name.lower()
        self.addresses: set[str] = set()

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        for each in records:
            record = each.new
            if isinstance(record, DNSAddress) and record.name.lower() == self._name and record.ttl:
                self.addresses.add(str(ip_address(record.address)))
