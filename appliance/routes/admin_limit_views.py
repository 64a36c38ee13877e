"""Limits and what was used, as the page of an admin shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from appliance.accounts.account import Account
from appliance.accounts.limit import MOST_REQUESTS_PER_MINUTE, MOST_TOKENS_PER_DAY, Limit
from appliance.accounts.tally import Tally
from appliance.routes.admin_data import AdminTop
from appliance.sentences import number

DONE = frozenset({"everybody", "person"})


@dataclass(frozen=True, slots=True)
class LimitRow:
    """What somebody used in the last 30 days, and what they may."""

    person_id: str
    name: str
    asked: str
    tokens: str
    has_own: bool
    requests_per_minute: int
    tokens_per_day: int


@dataclass(frozen=True, slots=True)
class LimitsPageView:
    """The limits of everybody and of each."""

    template: ClassVar[str] = "admin_limits.html"
    variable: ClassVar[str] = "page"

    theme: str
    top: AdminTop
    done: str
    requests_per_minute: int
    tokens_per_day: int
    most_requests: int
    most_tokens: int
    rows: tuple[LimitRow, ...]

    def after(self, done: str) -> "LimitsPageView":
        """The same, and it says what was just done."""
        return replace(self, done=done)


def limits_page_view(
    theme: str,
    everybody: Limit,
    accounts: Sequence[Account],
    own: Mapping[str, Limit | None],
    used: Mapping[str, Tally],
) -> LimitsPageView:
    """The page; both mappings are by the id of the person."""
    return LimitsPageView(
        theme=theme,
        top=AdminTop("limits"),
        done="",
        requests_per_minute=everybody.requests_per_minute,
        tokens_per_day=everybody.tokens_per_day,
        most_requests=MOST_REQUESTS_PER_MINUTE,
        most_tokens=MOST_TOKENS_PER_DAY,
        rows=tuple(_row(each, everybody, own, used) for each in accounts),
    )


def _row(
    account: Account,
    everybody: Limit,
    own: Mapping[str, Limit | None],
    used: Mapping[str, Tally],
) -> LimitRow:
    person_id = account.person.person_id
    tally, limit = used.get(person_id, Tally()), own.get(person_id)
    held = limit or everybody
    return LimitRow(
        person_id=person_id,
        name=account.person.name,
        asked=number(tally.requests),
        tokens=number(tally.tokens),
        has_own=limit is not None,
        requests_per_minute=held.requests_per_minute,
        tokens_per_day=held.tokens_per_day,
    )
