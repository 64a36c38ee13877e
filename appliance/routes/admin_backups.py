"""Backups of the box, for whoever looks after it: how old, how large, where; and one more."""

from litestar import post
from litestar.di import NamedDependency
from litestar.response import Redirect

from appliance.accounts.account import Access
from appliance.accounts.audit import Act
from appliance.administration.backups import Backups, BackupsNow
from appliance.routes import local_time
from appliance.routes.admin_data import BackupsView
from appliance.routes.noting import Noting
from appliance.routes.page_views import Reader
from appliance.routes.sizes import size_words
from appliance.sentences import said_before, say

OLD_SECONDS = 2 * 86_400
"""Of a backup that was to be made every day."""


@post("/admin/backups", include_in_schema=False, opt={"access": Access.ADMIN})
async def make(backups: NamedDependency[Backups], noting: NamedDependency[Noting]) -> Redirect:
    """Begin one; the page shows how it goes."""
    backups.make()
    await noting.note(Act.BACKED_UP)
    return Redirect("/admin/health#backups", status_code=303)


def backups_view(now: BackupsNow, reader: Reader, at: float) -> BackupsView:
    """The same in words; `at` is this moment."""
    made, failure = now.made, now.failure
    return BackupsView(
        is_running=now.is_running,
        made_iso=local_time.iso(made.made_at) if made else "",
        made_when=_when(made.made_at, reader) if made else "",
        is_old=made is not None and at - made.made_at > OLD_SECONDS,
        size=size_words(made.size_bytes) if made else "",
        where=made.path if made else "",
        folder=str(now.folder),
        count=now.count,
        is_encrypted=now.is_encrypted,
        failed_when=_when(failure.at, reader) if failure else "",
        trouble=said_before(failure.sentence) if failure else "",
    )


def _when(at: int, reader: Reader) -> str:
    day = local_time.day_words(local_time.day_of(at, reader.zone), reader.today)
    return say("%(day)s, %(time)s", day=day, time=local_time.clock(at, reader.zone))
