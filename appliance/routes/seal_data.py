"""What the templates of sealed accounts receive; see `page_data`."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class SealChangeView:
    """How far a change has come; `ended` says why it broke off."""

    template: ClassVar[str] = "_seal_change.html"
    variable: ClassVar[str] = "change"

    is_sealing: bool
    is_over: bool
    is_swept: bool
    percent: int
    ended: str


@dataclass(frozen=True, slots=True)
class SealPage:
    """Whether an account is sealed, and how to change that.

    `code` has the groups of a recovery code that is shown this once; `unseal_words` is what to type
    before an account is unsealed.
    """

    template: ClassVar[str] = "seal.html"
    variable: ClassVar[str] = "seal"

    theme: str
    is_sealed: bool
    code: tuple[str, ...]
    change: SealChangeView | None
    unseal_words: str
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class OpenPage:
    """Asks for what opens a sealed account, after a restart or a long time."""

    template: ClassVar[str] = "open_account.html"
    variable: ClassVar[str] = "closed"

    theme: str
    name: str
    next_page: str
    refusal: str = ""
