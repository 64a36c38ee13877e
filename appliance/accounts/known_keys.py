"""The keys by which programs come in, as the door sees them."""

from typing import Protocol

from appliance.accounts.account import SignedIn


class KnownKeys(Protocol):
    """The keys of programs."""

    async def who(self, key: str) -> SignedIn | None:
        """Whose key that is; None when it is nobody's."""
        ...


class NoKeys:
    """There are none."""

    async def who(self, key: str) -> SignedIn | None:
        """Nobody's."""
        return None
