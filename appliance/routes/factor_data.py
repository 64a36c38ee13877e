"""What the templates of the second factor and of passkeys receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar

from appliance.routes.account_data import PasskeyDoorView, QrView


@dataclass(frozen=True, slots=True)
class SecondStepPage:
    """Asks for the code after the password."""

    template: ClassVar[str] = "second_step.html"
    variable: ClassVar[str] = "step"

    theme: str
    next_page: str
    passkey: PasskeyDoorView | None
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class PasskeyView:
    """One of one's passkeys; `is_here`: it works under the name by which the page is open."""

    passkey_id: str
    name: str
    host: str
    created: str
    last_used: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class FactorPage:
    """How one comes in beside the password.

    `codes` are spare codes that are shown this once. `obstacle` says why no passkey can be made
    here: `plain` for a page that is not encrypted, `number` for one without a name.
    """

    template: ClassVar[str] = "second_factor.html"
    variable: ClassVar[str] = "factor"

    theme: str
    since: str
    spare_codes: int
    passkeys: tuple[PasskeyView, ...]
    obstacle: str
    host: str
    is_sealed: bool
    most_letters: int
    codes: tuple[str, ...] = ()
    done: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The QR code and the secret for an app, and what shows that it was scanned."""

    template: ClassVar[str] = "second_factor_setup.html"
    variable: ClassVar[str] = "setup"

    theme: str
    qr: QrView
    groups: tuple[str, ...]
    address: str
    refusal: str = ""
