"""Everybody who may come in, as the page of an admin shows them."""

from collections.abc import Mapping, Sequence

from appliance.accounts.account import Account
from appliance.administration.storage import PersonStorage
from appliance.conversations.conversation import Person
from appliance.routes import local_time
from appliance.routes.account_data import NewLinkView
from appliance.routes.admin_data import AdminTop, PeoplePageView, PersonRow
from appliance.routes.page_views import Reader
from appliance.routes.sizes import size_words

DONE = frozenset({"role", "disabled", "enabled", "deleted"})


def people_page_view(
    reader: Reader,
    you: Person,
    accounts: Sequence[Account],
    seen: Mapping[int, int],
    stored: Mapping[str, PersonStorage],
    *,
    done: str = "",
    made: NewLinkView | None = None,
    made_for: str = "",
) -> PeoplePageView:
    """The whole page; `seen` is by key when each was last signed in."""
    return PeoplePageView(
        theme=reader.theme,
        top=AdminTop("people"),
        rows=tuple(_row(reader, you, account, seen, stored) for account in accounts),
        done=done if done in DONE else "",
        made=made,
        made_for=made_for,
    )


def _row(
    reader: Reader,
    you: Person,
    account: Account,
    seen: Mapping[int, int],
    stored: Mapping[str, PersonStorage],
) -> PersonRow:
    person = account.person
    held = stored.get(person.person_id, PersonStorage())
    seen_at = seen.get(person.person_key)
    return PersonRow(
        person_id=person.person_id,
        name=person.name,
        is_admin=account.is_admin,
        is_disabled=account.is_disabled,
        is_sealed=account.is_sealed,
        is_you=person.person_id == you.person_id,
        made_on=_day(reader, account.created_at),
        seen=_day(reader, seen_at) if seen_at else "",
        conversations=held.conversations,
        messages=held.messages,
        size=size_words(held.total_bytes),
    )


def _day(reader: Reader, unix_seconds: int) -> str:
    return local_time.day_words(local_time.day_of(unix_seconds, reader.zone), reader.today)
