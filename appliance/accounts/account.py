"""The nouns of accounts, as plain values; the store and the routes speak of the same things."""

from dataclasses import dataclass
from enum import StrEnum

from appliance.conversations.conversation import Person


class AccountRole(StrEnum):
    """What somebody may do: an admin looks after the box, too, and reads nobody's words."""

    ADMIN = "admin"
    MEMBER = "member"


class Access(StrEnum):
    """Who may call a route; a route that says nothing is for members."""

    ANYONE = "anyone"
    MEMBER = "member"
    ADMIN = "admin"


class LinkPurpose(StrEnum):
    """What a one-time link is good for."""

    SETUP = "setup"
    INVITATION = "invitation"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the box lets them in. `is_sealed`: what is kept of them is encrypted.

    `password_generation` counts the passwords they have had.
    """

    person: Person
    role: AccountRole
    is_disabled: bool
    created_at: int
    is_sealed: bool = False
    password_generation: int = 0

    @property
    def is_admin(self) -> bool:
        return self.role is AccountRole.ADMIN


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who sends a request, and by what: a browser's sign-in, or an API key with its scopes.

    `scopes` is None where nothing is held back.
    """

    account: Account
    sign_in_id: str | None = None
    key_id: str | None = None
    scopes: frozenset[str] | None = None

    @property
    def person(self) -> Person:
        return self.account.person


@dataclass(frozen=True, slots=True)
class Device:
    """What a browser says it is, in a few known words; empty where it says nothing we know."""

    browser: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever stands at the door: from where, with what, the key by which the box knows a browser
    again that somebody has signed in with before, that of whoever is signed in there now, and that
    of a sign-in that waits for its second step.
    """

    address: str = ""
    device: Device = Device()
    device_key: str = ""
    sign_in_key: str = ""
    second_step_key: str = ""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser in which somebody is signed in."""

    sign_in_id: str
    device: Device
    created_at: int
    seen_at: int


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that lets somebody in once. `about` is the account that a reset is for; an invitation
    has none yet, and gives its role to the one it makes.
    """

    link_id: str
    purpose: LinkPurpose
    about: Person | None
    role: AccountRole
    made_by: str
    created_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the record: who did what to whom, from where. `number` counts upwards."""

    number: int
    at: int
    act: str
    who: str
    about: str
    address: str
