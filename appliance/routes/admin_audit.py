"""The record of what was done, for whoever looks after the box."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.accounts.account import Access, AuditEntry
from appliance.accounts.audit import PAGE, Act, AuditLog
from appliance.accounts.limits import EVERYBODY
from appliance.routes import local_time
from appliance.routes.admin_data import ActChoice, AdminTop, AuditPageView, AuditRow
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader
from appliance.sentences import say

ChosenAct = Annotated[str, QueryParameter(name="act", max_length=60)]
Name = Annotated[str, QueryParameter(name="name", max_length=200)]
Before = Annotated[int, QueryParameter(name="before", ge=0, le=2**62)]


@get("/admin/audit", include_in_schema=False, opt={"access": Access.ADMIN})
async def show(
    request: HTMXRequest,
    audit: NamedDependency[AuditLog],
    act: ChosenAct = "",
    name: Name = "",
    before: Before = 0,
) -> Template:
    """A page of it: all, or one kind of act, or what one name did and had done to it."""
    known_act = act if act in set(Act) else ""
    found = await audit.list(act=known_act, name=name.strip(), before=before)
    return whole_page(_page(Reader.of(request), found, known_act, name.strip()))


def _page(reader: Reader, found: Sequence[AuditEntry], act: str, name: str) -> AuditPageView:
    older_url = ""
    if len(found) == PAGE:
        query = {"act": act, "name": name, "before": str(found[-1].number)}
        older_url = "/admin/audit?" + urlencode(
            {key: value for key, value in query.items() if value}
        )
    return AuditPageView(
        theme=reader.theme,
        top=AdminTop("audit"),
        acts=tuple(ActChoice(each.value, each.value == act) for each in Act),
        name=name,
        rows=tuple(_row(reader, each) for each in found),
        older_url=older_url,
    )


def _row(reader: Reader, each: AuditEntry) -> AuditRow:
    day = local_time.day_words(local_time.day_of(each.at, reader.zone), reader.today)
    return AuditRow(
        iso=local_time.iso(each.at),
        when=say("%(day)s, %(time)s", day=day, time=local_time.clock(each.at, reader.zone)),
        act=each.act,
        who=each.who,
        about=_about(each),
        address=each.address,
    )


def _about(each: AuditEntry) -> str:
    """A name as it is; what the box itself calls everybody, in the reader's language."""
    is_ours = each.act == Act.LIMITS_CHANGED and each.about == EVERYBODY
    return say("everybody") if is_ours else each.about
