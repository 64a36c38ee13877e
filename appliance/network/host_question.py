"""Asks the LAN which addresses a `.local` name has."""

from zeroconf import AddressResolver, IPVersion  # type: ignore[attr-defined]
from zeroconf.asyncio import AsyncZeroconf

from appliance.network.addresses import parsed

ASK_MS = 1000
"""Time for three questions, a quarter of a second apart, and their answers (RFC 6762, 8.1)."""


async def addresses_of(zeroconf: AsyncZeroconf, name: str) -> set[str]:
    """Of whoever answers first, link-local ones left out; none for a name that is free."""
    question = AddressResolver(f"{name}.")
    await question.async_request(zeroconf.zeroconf, ASK_MS)
    found = map(parsed, question.parsed_addresses(IPVersion.All))
    return {str(each) for each in found if each and not each.is_link_local}
