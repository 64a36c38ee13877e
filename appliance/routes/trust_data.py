"""What the templates of the pages around the connection receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar

from appliance.routes.account_data import QrView


@dataclass(frozen=True, slots=True)
class TrustView:
    """How a device comes to trust the box; without an authority only how one is made."""

    template: ClassVar[str] = "trust.html"
    variable: ClassVar[str] = "trust"

    theme: str
    name: str
    has_authority: bool
    fingerprint_rows: tuple[str, ...]
    expires_on: str
    help_url: str
    qr: QrView
    secure_url: str
    is_apple: bool


@dataclass(frozen=True, slots=True)
class OfflineView:
    """What an installed app shows while the box does not answer."""

    template: ClassVar[str] = "offline.html"
    variable: ClassVar[str] = "offline"

    theme: str
