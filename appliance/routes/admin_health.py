"""How the box is, for whoever looks after it."""

from time import time

from litestar import get
from litestar.di import NamedDependency
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.accounts.account import Access
from appliance.administration.backups import Backups
from appliance.administration.health import Health, HealthNow, Presence
from appliance.administration.last_hour import LastHour
from appliance.routes.admin_backups import backups_view
from appliance.routes.admin_data import AdminTop, BackupsView, HealthNowView, HealthPageView
from appliance.routes.fragments import whole_page
from appliance.routes.hour_data import LastHourView
from appliance.routes.hour_views import last_hour_view
from appliance.routes.page_views import Reader, box_view
from appliance.routes.sizes import size_words, span


@get("/admin/health", include_in_schema=False, opt={"access": Access.ADMIN})
async def show(
    request: HTMXRequest,
    health: NamedDependency[Health],
    last_hour: NamedDependency[LastHour],
    backups: NamedDependency[Backups],
) -> Template:
    """The page, or the figures alone for a page that is open."""
    reader = Reader.of(request)
    kept = backups_view(await backups.now(), reader, time())
    now = health_now_view(await health.now(), last_hour_view(last_hour.samples()), kept)
    if request.htmx:
        return whole_page(now)
    return whole_page(HealthPageView(reader.theme, AdminTop("health"), now))


def health_now_view(now: HealthNow, hour: LastHourView, backups: BackupsView) -> HealthNowView:
    """The figures in words."""
    gauges = now.gauges
    days, hours, minutes = span(now.up_seconds)
    return HealthNowView(
        box=box_view(now.box),
        model_name=now.box.model_name,
        running=gauges.running,
        waiting=gauges.waiting,
        kv_percent=100 * gauges.used_cells // max(1, gauges.total_cells),
        threads=gauges.threads,
        has_valkey=now.valkey is Presence.THERE,
        hour=hour,
        database=size_words(now.database_bytes),
        snapshots=size_words(now.snapshot_bytes),
        disk_free=size_words(now.disk_free_bytes),
        disk_total=size_words(now.disk_total_bytes),
        disk_percent=100 - 100 * now.disk_free_bytes // max(1, now.disk_total_bytes),
        process=_known(now.process_bytes),
        memory_free=_known(now.memory_free_bytes),
        memory_total=_known(now.memory_total_bytes),
        up_days=days,
        up_hours=hours,
        up_minutes=minutes,
        versions=now.versions,
        backups=backups,
    )


def _known(size_bytes: int | None) -> str:
    return "" if size_bytes is None else size_words(size_bytes)
