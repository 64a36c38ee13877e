"""One's second factor: turning it on and off, and spare codes. Plain forms, answered with pages."""

from dataclasses import dataclass
from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Account
from appliance.accounts.passkeys import Passkeys
from appliance.accounts.proving import Proving
from appliance.accounts.second_factor import SecondFactor
from appliance.errors import Conflict, InvalidInput, TooManyTries
from appliance.routes.cookies import address_of, visitor_of
from appliance.routes.door_views import refused, sentence_of
from appliance.routes.factor_views import factor_page, setup_page
from appliance.routes.fragments import whole_page

Done = Annotated[str, QueryParameter(name="done", max_length=20)]
PAGE = "/account/second-factor"


@dataclass(frozen=True, slots=True)
class ProofForm:
    """The password, or a code; both where it is turned on."""

    password: str = ""
    code: str = ""


@get("/account/second-factor", include_in_schema=False)
async def show(
    request: HTMXRequest,
    second_factor: NamedDependency[SecondFactor],
    passkeys: NamedDependency[Passkeys],
    account: NamedDependency[Account],
    done: Done = "",
) -> Template:
    """How it is now."""
    return whole_page(await factor_page(request, account, second_factor, passkeys, done=done))


@get("/account/second-factor/setup", include_in_schema=False)
async def show_setup(
    request: HTMXRequest,
    second_factor: NamedDependency[SecondFactor],
    account: NamedDependency[Account],
) -> Template | Redirect:
    """What is to be scanned; nothing is on before a code of it has come back."""
    if (await second_factor.state(account.person)).is_on:
        return Redirect(PAGE, status_code=303)
    return whole_page(setup_page(request, account, second_factor))


@post("/account/second-factor", status_code=200, include_in_schema=False)
async def turn_on(
    request: HTMXRequest,
    second_factor: NamedDependency[SecondFactor],
    passkeys: NamedDependency[Passkeys],
    proving: NamedDependency[Proving],
    account: NamedDependency[Account],
    data: URLEncodedBody[ProofForm],
) -> Template:
    """From now on a code is asked for; this answer alone shows the spare codes."""
    try:
        await proving.by_password(account, data.password, visitor_of(request))
        codes = await second_factor.turn_on(account.person, data.code, address_of(request))
    except (InvalidInput, TooManyTries) as error:
        view = setup_page(request, account, second_factor, sentence_of(request, error))
        return refused(view, error)
    return whole_page(await factor_page(request, account, second_factor, passkeys, codes=codes))


@post("/account/second-factor/removal", status_code=200, include_in_schema=False)
async def turn_off(
    request: HTMXRequest,
    second_factor: NamedDependency[SecondFactor],
    passkeys: NamedDependency[Passkeys],
    proving: NamedDependency[Proving],
    account: NamedDependency[Account],
    data: URLEncodedBody[ProofForm],
) -> Template | Redirect:
    """Only the password is asked for from now on."""
    try:
        await proving.by_either(account, data.password, data.code, visitor_of(request))
        await second_factor.turn_off(account.person, address_of(request))
    except (InvalidInput, TooManyTries, Conflict) as error:
        return await _refusal(error, request, account, second_factor, passkeys)
    return Redirect(f"{PAGE}?done=off", status_code=303)


@post("/account/second-factor/spare-codes", status_code=200, include_in_schema=False)
async def make_spare_codes(
    request: HTMXRequest,
    second_factor: NamedDependency[SecondFactor],
    passkeys: NamedDependency[Passkeys],
    proving: NamedDependency[Proving],
    account: NamedDependency[Account],
    data: URLEncodedBody[ProofForm],
) -> Template:
    """Others in the place of all those before; shown in this answer alone."""
    try:
        await proving.by_either(account, data.password, data.code, visitor_of(request))
        codes = await second_factor.new_spare_codes(account.person, address_of(request))
    except (InvalidInput, TooManyTries, Conflict) as error:
        return await _refusal(error, request, account, second_factor, passkeys)
    return whole_page(await factor_page(request, account, second_factor, passkeys, codes=codes))


async def _refusal(
    error: InvalidInput | TooManyTries | Conflict,
    request: HTMXRequest,
    account: Account,
    second_factor: SecondFactor,
    passkeys: Passkeys,
) -> Template:
    """The page as it is, and why nothing has changed."""
    sentence = sentence_of(request, error)
    view = await factor_page(request, account, second_factor, passkeys, refusal=sentence)
    return refused(view, error)
