"""What the templates of the front door and of the account page receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class PasskeyDoorView:
    """The way in with a passkey, where the box has a name and encrypts."""

    template: ClassVar[str] = "_passkey_door.html"
    variable: ClassVar[str] = "door"

    next_page: str


@dataclass(frozen=True, slots=True)
class SignInPage:
    """Name and password. `was_out`: this browser was signed in until a moment ago. `passkey` is
    there when anybody's passkey works under this name.
    """

    template: ClassVar[str] = "sign_in.html"
    variable: ClassVar[str] = "entry"

    theme: str
    next_page: str
    was_out: bool
    name: str = ""
    refusal: str = ""
    passkey: PasskeyDoorView | None = None


@dataclass(frozen=True, slots=True)
class NotSetUpPage:
    """Where the setup link is."""

    template: ClassVar[str] = "not_set_up.html"
    variable: ClassVar[str] = "box"

    theme: str


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What a one-time link leads to: `kind` is setup, invitation or reset. `made_by` is who sent
    it, `name` what was typed, or for whom a reset is.
    """

    template: ClassVar[str] = "link.html"
    variable: ClassVar[str] = "link"

    theme: str
    kind: str
    action: str
    made_by: str = ""
    name: str = ""
    shortest: int = 10
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class LinkGonePage:
    """A link that is not good any more."""

    template: ClassVar[str] = "link_gone.html"
    variable: ClassVar[str] = "gone"

    sentence: str


@dataclass(frozen=True, slots=True)
class WelcomePage:
    """The first thing that somebody new sees."""

    template: ClassVar[str] = "welcome.html"
    variable: ClassVar[str] = "welcome"

    theme: str
    name: str
    is_admin: bool


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A browser in which one is signed in."""

    sign_in_id: str
    browser: str
    system: str
    seen: str
    is_this: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """One's own account."""

    template: ClassVar[str] = "account.html"
    variable: ClassVar[str] = "account"

    theme: str
    name: str
    is_admin: bool
    devices: tuple[DeviceView, ...]
    shortest: int
    done: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class QrView:
    """A QR code: `path` draws its dark squares in a square of `size`."""

    template: ClassVar[str] = "_qr.html"
    variable: ClassVar[str] = "qr"

    size: int
    path: str


@dataclass(frozen=True, slots=True)
class NewLinkView:
    """A link that was just made; it is shown this once. `trust_url`: where a device comes to know
    the box's certificate first, if that is one that no device knows.
    """

    template: ClassVar[str] = "_new_link.html"
    variable: ClassVar[str] = "made"

    url: str
    good_until: str
    qr: QrView
    trust_url: str


@dataclass(frozen=True, slots=True)
class OpenLinkView:
    """A link that is good still; nobody can see it again."""

    link_id: str
    purpose: str
    about: str
    role: str
    made_by: str
    good_until: str


@dataclass(frozen=True, slots=True)
class InvitationsPage:
    """Inviting people, and the links that are good still."""

    template: ClassVar[str] = "invitations.html"
    variable: ClassVar[str] = "invitations"

    theme: str
    made: NewLinkView | None
    links: tuple[OpenLinkView, ...]


@dataclass(frozen=True, slots=True)
class LeftPage:
    """After an account was deleted."""

    template: ClassVar[str] = "left.html"
    variable: ClassVar[str] = "left"

    theme: str
    receipt: str
