"""Asks the LAN which addresses a `.local` name has."""

from zeroconf import AddressResolver, DNSQuestionType, IPVersion  # type: ignore[attr-defined]
from zeroconf.asyncio import AsyncZeroconf

from appliance.network.addresses import parsed

ASK_MS = 2500
"""Time for two questions and their answers, of which one may be lost."""


async def addresses_of(zeroconf: AsyncZeroconf, name: str) -> set[str]:
    """Of whoever answers first, link-local ones left out; none for a name that is free."""
    question = AddressResolver(f"{name}.")
    # Answered to everybody: an answer to us alone might go to another responder on this machine.
    await question.async_request(zeroconf.zeroconf, ASK_MS, DNSQuestionType.QM)
    found = map(parsed, question.parsed_addresses(IPVersion.All))
    return {str(each) for each in found if each and not each.is_link_local}
