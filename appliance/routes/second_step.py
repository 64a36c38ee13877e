"""Between the password and the sign-in: the code that was asked for."""

from dataclasses import dataclass

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access
from appliance.accounts.chosen_languages import ChosenLanguages
from appliance.accounts.passkeys import Passkeys
from appliance.accounts.second_step import SecondSteps
from appliance.accounts.sign_ins import SignIns
from appliance.errors import Conflict, InvalidInput, TooManyTries
from appliance.routes.cookies import visitor_of
from appliance.routes.door_views import refused, second_step_page, sentence_of, sign_in_page
from appliance.routes.fragments import whole_page
from appliance.routes.sign_in import NextPage, come_in

# Whoever stands here is not in yet; a cookie says that they have given a password.
ANYONE = {"access": Access.ANYONE}


@dataclass(frozen=True, slots=True)
class CodeForm:
    """What the form sends."""

    code: str = ""
    next_page: str = "/"


@get("/sign-in/code", include_in_schema=False, opt=ANYONE)
async def show(
    request: HTMXRequest,
    passkeys: NamedDependency[Passkeys],
    second_steps: NamedDependency[SecondSteps],
    next_page: NextPage = "/",
) -> Template | Redirect:
    """The form; whoever has given no password does that first."""
    if second_steps.who(visitor_of(request)) is None:
        return Redirect("/sign-in", status_code=303)
    return whole_page(await second_step_page(request, passkeys, next_page))


@post("/sign-in/code", include_in_schema=False, opt=ANYONE)
async def finish(
    request: HTMXRequest,
    passkeys: NamedDependency[Passkeys],
    second_steps: NamedDependency[SecondSteps],
    sign_ins: NamedDependency[SignIns],
    chosen_languages: NamedDependency[ChosenLanguages],
    data: URLEncodedBody[CodeForm],
) -> Template | Redirect:
    """Come in, and go where one wanted to."""
    try:
        begun = await second_steps.finish(data.code, visitor_of(request))
    except Conflict as error:
        view = await sign_in_page(request, passkeys, data.next_page, refusal=error.sentence)
        return refused(view, error)
    except (InvalidInput, TooManyTries) as error:
        sentence = sentence_of(request, error)
        again = await second_step_page(request, passkeys, data.next_page, sentence)
        return refused(again, error)
    return await come_in(request, begun, data.next_page, sign_ins, chosen_languages)
