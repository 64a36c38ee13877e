"""How a device comes to trust the box's certificate: the page, and the files for it.

Open to whoever reaches the box, and in plain: a device that has not done it yet must be able to.
"""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.accounts.account import Access
from appliance.network.trust import Trust
from appliance.routes.fragments import Fragments, whole_page
from appliance.routes.page_views import Reader
from appliance.routes.trust_data import TrustView
from appliance.routes.trust_views import trust_view

_ANYONE = {"access": Access.ANYONE}


@get("/trust", include_in_schema=False, opt=_ANYONE)
async def show(request: HTMXRequest, trust: NamedDependency[Trust]) -> Template:
    """The page, with the steps for the device that asks first."""
    view: TrustView = trust_view(Reader.of(request), trust, request.headers.get("user-agent", ""))
    return whole_page(view)


@get("/trust/authority.crt", include_in_schema=False, opt=_ANYONE)
async def certificate(trust: NamedDependency[Trust]) -> Response[bytes]:
    """The authority's certificate, as Android, Windows and Linux take it."""
    return _file(trust.certificate(), "application/x-x509-ca-cert", "appliance.crt")


@get("/trust/authority.mobileconfig", include_in_schema=False, opt=_ANYONE)
async def profile(request: HTMXRequest, trust: NamedDependency[Trust]) -> Response[bytes]:
    """The same as a configuration profile, for Apple's devices."""
    content = trust.profile(Fragments(request).said)
    return _file(content, "application/x-apple-aspen-config", "appliance.mobileconfig")


def _file(content: bytes, media_type: str, name: str) -> Response[bytes]:
    disposition = f'attachment; filename="{name}"'
    headers = {"Content-Disposition": disposition}
    return Response(content, media_type=media_type, headers=headers)
