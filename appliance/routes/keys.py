"""A person's keys for programs, and what they have used: pages of their account."""

from dataclasses import dataclass
from time import time

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.plugins.htmx import HTMXRequest
from litestar.response import Redirect, Template

from appliance.accounts.account import Account
from appliance.accounts.api_key import Scope
from appliance.accounts.api_keys import ApiKeys
from appliance.accounts.limit import Limit, accepted_limit
from appliance.accounts.limits import Limits
from appliance.accounts.new_key import Wish, accepted_wish
from appliance.accounts.usage import Usage
from appliance.errors import InvalidInput
from appliance.routes.cookies import address_of
from appliance.routes.fragments import whole_page
from appliance.routes.key_views import keys_view, made_view, usage_view
from appliance.routes.page_views import Reader
from appliance.sentences import say


@dataclass(frozen=True, slots=True)
class KeyForm:
    """What a new key is to be; each scope is a box that was ticked or not."""

    name: str
    chat: str = ""
    embeddings: str = ""
    read: str = ""
    metrics: str = ""
    days: str = ""
    requests_per_minute: str = ""
    tokens_per_day: str = ""

    def wish(self, account: Account) -> Wish:
        """Raises InvalidInput."""
        ticked = {scope.value: getattr(self, scope.value) for scope in Scope}
        return accepted_wish(
            self.name,
            [name for name, is_ticked in ticked.items() if is_ticked],
            _number(self.days) or None,
            self._limit(),
            is_admin=account.is_admin,
        )

    def _limit(self) -> Limit:
        return accepted_limit(_number(self.requests_per_minute), _number(self.tokens_per_day))


@get("/account/keys", include_in_schema=False)
async def show(
    request: HTMXRequest, api_keys: NamedDependency[ApiKeys], account: NamedDependency[Account]
) -> Template:
    """All keys, and a form for another one."""
    keys = await api_keys.of_person(account.person)
    return whole_page(keys_view(Reader.of(request), account, keys, time()))


@post("/account/keys", status_code=200, include_in_schema=False)
async def make(
    request: HTMXRequest,
    api_keys: NamedDependency[ApiKeys],
    account: NamedDependency[Account],
    data: URLEncodedBody[KeyForm],
) -> Template:
    """Make one; this answer is the only place where it is ever shown."""
    made = await api_keys.make(account.person, data.wish(account), address_of(request))
    keys = await api_keys.of_person(account.person)
    shown = made_view(made, str(request.base_url))
    return whole_page(keys_view(Reader.of(request), account, keys, time(), shown))


@post("/account/keys/{key_id:str}/revocation", include_in_schema=False)
async def revoke(
    request: HTMXRequest,
    api_keys: NamedDependency[ApiKeys],
    account: NamedDependency[Account],
    key_id: FromPath[str],
) -> Redirect:
    """It opens nothing any more, from this moment on."""
    await api_keys.revoke(account.person, key_id, address_of(request))
    return Redirect("/account/keys", status_code=303)


@get("/account/usage", include_in_schema=False)
async def show_usage(
    request: HTMXRequest,
    usage: NamedDependency[Usage],
    limits: NamedDependency[Limits],
    account: NamedDependency[Account],
) -> Template:
    """What was asked of the model today and lately."""
    report = await usage.of(account.person)
    rooms = await limits.rooms(account.person)
    return whole_page(usage_view(Reader.of(request), report, rooms))


def _number(typed: str) -> int:
    """A whole number, 0 when nothing was typed. Raises InvalidInput."""
    digits = typed.strip()
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= 12):
        typed = repr(digits[:20])
        raise InvalidInput(
            say("A limit is a whole number such as 100; %(typed)s is none.", typed=typed)
        )
    return int(digits or 0)
