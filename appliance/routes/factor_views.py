"""The pages of the second factor and of passkeys, made from what the front door knows."""

from litestar.plugins.htmx import HTMXRequest

from appliance.accounts import time_codes
from appliance.accounts.account import Account
from appliance.accounts.passkey import Passkey
from appliance.accounts.passkeys import LONGEST_NAME, Passkeys
from appliance.accounts.second_factor import SecondFactor
from appliance.network.box_names import split_host
from appliance.routes import local_time
from appliance.routes.factor_data import FactorPage, PasskeyView, SetupPage
from appliance.routes.page_views import Reader
from appliance.routes.passkey_site import obstacle_of
from appliance.routes.qr_views import qr_view

DONE = frozenset({"off", "added", "removed"})


async def factor_page(
    request: HTMXRequest,
    account: Account,
    second_factor: SecondFactor,
    passkeys: Passkeys,
    *,
    codes: tuple[str, ...] = (),
    done: str = "",
    refusal: str = "",
) -> FactorPage:
    """How it is now."""
    reader, host = Reader.of(request), _host(request)
    state = await second_factor.state(account.person)
    own = await passkeys.of(account.person)
    return FactorPage(
        theme=reader.theme,
        since=_day(reader, state.since) if state.is_on else "",
        spare_codes=state.spare_codes,
        passkeys=tuple(_passkey_view(reader, each, host) for each in own),
        obstacle=obstacle_of(request),
        host=host,
        is_sealed=account.is_sealed,
        most_letters=LONGEST_NAME,
        codes=codes,
        done=done if done in DONE else "",
        refusal=refusal,
    )


def setup_page(
    request: HTMXRequest, account: Account, second_factor: SecondFactor, refusal: str = ""
) -> SetupPage:
    """What is to be scanned."""
    secret = second_factor.offer(account.person)
    address = time_codes.address_of(secret, account.person.name, _host(request) or "Appliance")
    groups = tuple(secret[at : at + 4] for at in range(0, len(secret), 4))
    return SetupPage(Reader.of(request).theme, qr_view(address), groups, address, refusal)


def _passkey_view(reader: Reader, each: Passkey, host: str) -> PasskeyView:
    return PasskeyView(
        passkey_id=each.passkey_id,
        name=each.name,
        host=each.host,
        created=_day(reader, each.created_at),
        last_used=_day(reader, each.last_used_at) if each.last_used_at else "",
        is_here=each.host == host,
    )


def _host(request: HTMXRequest) -> str:
    return split_host(request.headers.get("host", ""))[0]


def _day(reader: Reader, at: int) -> str:
    return local_time.day_words(local_time.day_of(at, reader.zone), reader.today)
