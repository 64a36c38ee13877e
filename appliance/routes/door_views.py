"""The pages at which somebody comes in, made from what they have shown so far."""

from litestar.plugins.htmx import HTMXRequest
from litestar.response import Template

from appliance.accounts.passkeys import Passkeys
from appliance.errors import ApplianceError, CodeOfAnotherTime, TooManyTries, clocks_differ
from appliance.routes import local_time
from appliance.routes.account_data import PasskeyDoorView, SignInPage
from appliance.routes.factor_data import SecondStepPage
from appliance.routes.fragments import View, whole_page
from appliance.routes.next_page import inside
from appliance.routes.page_views import Reader
from appliance.routes.passkey_site import obstacle_of, site_of


async def sign_in_page(
    request: HTMXRequest,
    passkeys: Passkeys,
    next_page: str,
    *,
    was_out: bool = False,
    name: str = "",
    refusal: str = "",
) -> SignInPage:
    """Name and password, and a passkey where there are any."""
    door = await passkey_door(request, passkeys, next_page)
    theme = Reader.of(request).theme
    return SignInPage(theme, inside(next_page), was_out, name[:1000], refusal, door)


async def second_step_page(
    request: HTMXRequest, passkeys: Passkeys, next_page: str, refusal: str = ""
) -> SecondStepPage:
    """The code."""
    door = await passkey_door(request, passkeys, next_page)
    return SecondStepPage(Reader.of(request).theme, inside(next_page), door, refusal)


async def passkey_door(
    request: HTMXRequest, passkeys: Passkeys, next_page: str
) -> PasskeyDoorView | None:
    """The same for everybody: whose passkeys there are is nobody's business here."""
    if obstacle_of(request) or not await passkeys.are_used(site_of(request).host):
        return None
    return PasskeyDoorView(inside(next_page))


def sentence_of(request: HTMXRequest, error: ApplianceError) -> str:
    """What to tell; a clock is read where the reader is."""
    if isinstance(error, CodeOfAnotherTime):
        return clocks_differ(local_time.clock(error.at, Reader.of(request).zone))
    return error.sentence


def refused(view: View, error: ApplianceError, status: int = 422) -> Template:
    """The page again."""
    page = whole_page(view)
    page.status_code = status
    if isinstance(error, TooManyTries):
        page.status_code = 429
        page.headers["Retry-After"] = str(error.retry_after_seconds)
    return page
