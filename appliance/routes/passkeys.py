"""Passkeys: coming in with one, making one, removing one.

A small script asks the device; the box's question to it is fetched, and the answer comes in a plain
form, answered with a page as any other.
"""

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Access, Account
from appliance.accounts.chosen_languages import ChosenLanguages
from appliance.accounts.passkeys import Passkeys, accepted_name
from appliance.accounts.proving import Proving
from appliance.accounts.second_factor import SecondFactor
from appliance.accounts.sign_ins import SignIns
from appliance.conversations.conversation import Person
from appliance.errors import ApplianceError, Conflict, InvalidInput, TooManyTries
from appliance.routes.cookies import address_of, visitor_of
from appliance.routes.door_views import refused, sign_in_page
from appliance.routes.factor_views import factor_page
from appliance.routes.fragments import Fragments
from appliance.routes.passkey_site import site_of
from appliance.routes.sign_in import come_in
from appliance.sentences import say

ANYONE = {"access": Access.ANYONE}  # the way in with a passkey begins before anybody is known
Question = Response[str] | Response[dict[str, str]]
NO_ANSWER = say("The page did not ask your device. Allow scripts for this box, then try again.")


@dataclass(frozen=True, slots=True)
class ShownForm:
    """What the device answered."""

    answer: str = ""
    next_page: str = "/"


@dataclass(frozen=True, slots=True)
class NewForm:
    """A name for it, the password, and what the device answered in the end."""

    name: str = ""
    password: str = ""
    answer: str = ""


@post("/sign-in/passkey/question", status_code=200, include_in_schema=False, opt=ANYONE)
async def ask(request: HTMXRequest, passkeys: NamedDependency[Passkeys]) -> Question:
    """What a device is asked that is to let somebody in."""
    try:
        return _question(await passkeys.ask(site_of(request), visitor_of(request)))
    except Conflict as error:
        return _no_question(request, error)


@post("/sign-in/passkey", include_in_schema=False, opt=ANYONE)
async def sign_in(
    request: HTMXRequest,
    passkeys: NamedDependency[Passkeys],
    sign_ins: NamedDependency[SignIns],
    chosen_languages: NamedDependency[ChosenLanguages],
    data: URLEncodedBody[ShownForm],
) -> Template | Redirect:
    """Come in, and go where one wanted to."""
    try:
        _check_answered(data.answer)
        begun = await passkeys.sign_in(data.answer, site_of(request), visitor_of(request))
    except (InvalidInput, Conflict) as error:
        view = await sign_in_page(request, passkeys, data.next_page, refusal=error.sentence)
        return refused(view, error)
    return await come_in(request, begun, data.next_page, sign_ins, chosen_languages)


@post("/account/passkeys/question", status_code=200, include_in_schema=False)
async def ask_for_new(
    request: HTMXRequest,
    passkeys: NamedDependency[Passkeys],
    proving: NamedDependency[Proving],
    account: NamedDependency[Account],
    data: URLEncodedBody[NewForm],
) -> Question:
    """What a device is asked that is to make one; the password is looked at here."""
    try:
        name, site = accepted_name(data.name), site_of(request)
        await proving.by_password(account, data.password, visitor_of(request))
        return _question(await passkeys.ask_for_new(account, name, site))
    except (InvalidInput, Conflict, TooManyTries) as error:
        return _no_question(request, error)


@post("/account/passkeys", include_in_schema=False)
async def add(
    request: HTMXRequest,
    passkeys: NamedDependency[Passkeys],
    second_factor: NamedDependency[SecondFactor],
    account: NamedDependency[Account],
    data: URLEncodedBody[NewForm],
) -> Template | Redirect:
    """Keep what the device made."""
    try:
        _check_answered(data.answer)
        site, address = site_of(request), address_of(request)
        await passkeys.add(account, data.name, data.answer, site, address)
    except (InvalidInput, Conflict) as error:
        view = await factor_page(request, account, second_factor, passkeys, refusal=error.sentence)
        return refused(view, error)
    return Redirect("/account/second-factor?done=added", status_code=303)


@post("/account/passkeys/{passkey_id:str}/deletion", include_in_schema=False)
async def remove(
    request: HTMXRequest,
    passkeys: NamedDependency[Passkeys],
    person: NamedDependency[Person],
    passkey_id: FromPath[str],
) -> Redirect:
    """It lets nobody in any more."""
    await passkeys.remove(person, passkey_id, address_of(request))
    return Redirect("/account/second-factor?done=removed", status_code=303)


def _check_answered(answer: str) -> None:
    if not answer:
        raise InvalidInput(NO_ANSWER)


def _question(as_json: str) -> Response[str]:
    return Response(as_json, media_type="application/json")


def _no_question(request: HTMXRequest, error: ApplianceError) -> Response[dict[str, str]]:
    sentence = Fragments(request).said(error.sentence)
    status = 429 if isinstance(error, TooManyTries) else 422
    return Response({"refusal": sentence}, status_code=status)
