"""What makes the page an app on a phone: what a phone is told of it, the worker that stands in
while the box is away, and what it shows then. None of them knows anybody.
"""

from functools import cache
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.accounts.account import Access
from appliance.languages.language import Language
from appliance.languages.templates import SpokenTemplates
from appliance.paths import STATIC, TEMPLATES
from appliance.routes.fragments import whole_page
from appliance.routes.page_views import Reader
from appliance.routes.trust_data import OfflineView
from appliance.sentences import say

_ANYONE = {"access": Access.ANYONE}
_PAPER = "#faf9f7"
_SVG, _PNG = "image/svg+xml", "image/png"
_LARGE = {"src": "/static/icons/app-512.png", "sizes": "512x512", "type": _PNG}
_ICONS = [
    {"src": "/static/icons/app.svg", "sizes": "any", "type": _SVG},
    {"src": "/static/icons/app-192.png", "sizes": "192x192", "type": _PNG},
    _LARGE,
    _LARGE | {"purpose": "maskable"},
]


@get("/app.webmanifest", include_in_schema=False, opt=_ANYONE, sync_to_thread=False)
def manifest(
    request: HTMXRequest, code: Annotated[str, QueryParameter(name="language")] = ""
) -> Response[bytes]:
    """The page says which language it is in: browsers ask for this without their cookies."""
    templates = request.app.template_engine
    assert isinstance(templates, SpokenTemplates)
    language = templates.languages.best(code, request.headers.get("accept-language", ""))
    content = msgspec.json.encode(_manifest(language))
    return Response(content, media_type="application/manifest+json")


def _manifest(language: Language) -> dict[str, Any]:
    begin = say("New conversation").said_in(language)
    return {
        "id": "/",
        "lang": language.code,
        "name": "Appliance",
        "short_name": "Appliance",
        "description": say("Chat with the model on the box in your house.").said_in(language),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": _PAPER,
        "theme_color": _PAPER,
        "icons": _ICONS,
        "shortcuts": [{"name": begin, "url": "/"}],
    }


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
