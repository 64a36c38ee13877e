"""What makes the page an app on a phone: the worker that stands in while the box is away, and what
it shows then. Neither knows anybody.
"""

from functools import cache
from hashlib import blake2b

from litestar import Response, get
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.accounts.account import Access
from appliance.paths import STATIC, TEMPLATES
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader
from appliance.routes.trust_data import OfflineView

_ANYONE = {"access": Access.ANYONE}


@get("/service-worker.js", include_in_schema=False, opt=_ANYONE, sync_to_thread=False)
def service_worker() -> Response[str]:
    """At the root, for a worker answers only for what lies below it."""
    return Response(_worker(), media_type="text/javascript")


@get("/offline", include_in_schema=False, opt=_ANYONE)
async def offline(request: HTMXRequest) -> Template:
    """Kept by the worker, to be shown when nobody answers."""
    return whole_page(OfflineView(Reader.of(request).theme))


@cache
def _worker() -> str:
    """Another one whenever what it keeps has changed; browsers compare its text."""
    worker = STATIC / "service-worker.js"
    page = (TEMPLATES / "offline.html", TEMPLATES / "_paper.html")
    kept = (worker, *page, STATIC / "css" / "app.css", STATIC / "favicon.svg")
    version = blake2b(b"".join(file.read_bytes() for file in kept), digest_size=8).hexdigest()
    return worker.read_text().replace("VERSION", version)
