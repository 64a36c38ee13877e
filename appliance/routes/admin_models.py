"""The models of the box: what is here, what answers, and how others come in.

Plain forms; what takes long goes on in the box, and the page shows how far it is.
"""

from dataclasses import dataclass

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access
from appliance.accounts.audit import Act
from appliance.administration.models import Models
from appliance.routes.admin_model_views import models_now_view, models_page_view
from appliance.routes.fragments import whole_page
from appliance.routes.model_upload import MAX_MODEL_BYTES, receive_model
from appliance.routes.noting import Noting
from appliance.routes.page_views import Reader

_ADMIN = {"access": Access.ADMIN}


@dataclass(frozen=True, slots=True)
class FileForm:
    """A file of the folder, and what to call the model."""

    file: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """Whether a chat template may be used."""

    accepted: str = ""


@get("/admin/models", include_in_schema=False, opt=_ADMIN)
async def show(request: HTMXRequest, models: NamedDependency[Models]) -> Template:
    """The page, or what of it may have changed."""
    now = await models.now()
    if request.htmx:
        return whole_page(models_now_view(now))
    return whole_page(models_page_view(Reader.of(request).theme, now))


@post(
    "/admin/models",
    include_in_schema=False,
    opt=_ADMIN,
    request_max_body_size=MAX_MODEL_BYTES,
    exclude_from_csrf=True,  # asked for in `receive_model`, which does not read everything first
)
async def upload(
    request: HTMXRequest,
    models: NamedDependency[Models],
    noting: NamedDependency[Noting],
) -> Redirect:
    """Take a file in; by the time this answers all of it is here, and its trial has begun."""
    await receive_model(request, models.additions)
    added = models.additions.last
    await noting.note(Act.MODEL_SENT, added.name if added else "")
    return _back()


@post("/admin/additions", include_in_schema=False, opt=_ADMIN)
async def add_from_folder(
    models: NamedDependency[Models],
    noting: NamedDependency[Noting],
    data: URLEncodedBody[FileForm],
) -> Redirect:
    """Take a file in that lies on the box already."""
    added = await models.additions.add_from_folder(data.file, data.name.strip())
    await noting.note(Act.MODEL_SENT, added.name)
    return _back()


@post("/admin/additions/{addition_id:str}", include_in_schema=False, opt=_ADMIN)
async def decide(
    models: NamedDependency[Models],
    noting: NamedDependency[Noting],
    addition_id: FromPath[str],
    data: URLEncodedBody[DecisionForm],
) -> Redirect:
    """Whether the chat template that came with it may be used."""
    is_accepted = data.accepted == "yes"
    added = models.additions.decide(addition_id, is_accepted)
    act = Act.MODEL_ACCEPTED if is_accepted else Act.MODEL_REFUSED
    await noting.note(act, added.name)
    return _back()


@post("/admin/models/{name:str}/use", include_in_schema=False, opt=_ADMIN)
async def use(
    models: NamedDependency[Models],
    noting: NamedDependency[Noting],
    name: FromPath[str],
) -> Redirect:
    """Let it answer as soon as the replies that are being written are done."""
    await models.use(name)
    await noting.note(Act.MODEL_CHOSEN, name)
    return _back()


@post("/admin/models/{name:str}/verification", include_in_schema=False, opt=_ADMIN)
async def verify(
    models: NamedDependency[Models],
    noting: NamedDependency[Noting],
    name: FromPath[str],
) -> Redirect:
    """Read its whole file and compare it with what was accepted."""
    await models.verify(name)
    await noting.note(Act.MODEL_VERIFIED, name)
    return _back()


@post("/admin/models/{name:str}/removal", include_in_schema=False, opt=_ADMIN)
async def remove(
    models: NamedDependency[Models],
    noting: NamedDependency[Noting],
    name: FromPath[str],
) -> Redirect:
    """Delete its file."""
    await models.remove(name)
    await noting.note(Act.MODEL_REMOVED, name)
    return _back()


def _back() -> Redirect:
    return Redirect("/admin/models", status_code=303)
