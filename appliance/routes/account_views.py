"""The page of an account, made from what the front door knows."""

from collections.abc import Sequence

from appliance.accounts.account import SignedIn, SignIn
from appliance.accounts.passwords import SHORTEST
from appliance.conversations.deleted import DeleteReceipt
from appliance.portable import words
from appliance.routes import local_time
from appliance.routes.account_data import AccountPage, DeviceView, LeftPage
from appliance.routes.page_views import Reader
from appliance.sentences import say


def account_page(reader: Reader, signed_in: SignedIn, devices: Sequence[SignIn]) -> AccountPage:
    """The page as it is, with nothing done yet."""
    return AccountPage(
        theme=reader.theme,
        name=signed_in.person.name,
        is_admin=signed_in.account.is_admin,
        devices=tuple(_device_view(reader, each, signed_in.sign_in_id) for each in devices),
        shortest=SHORTEST,
    )


def left_page(reader: Reader, receipt: DeleteReceipt) -> LeftPage:
    """What is left of an account: a receipt."""
    return LeftPage(reader.theme, words.everything_gone_words(receipt))


def _device_view(reader: Reader, each: SignIn, own_id: str | None) -> DeviceView:
    seen_on = local_time.day_of(each.seen_at, reader.zone)
    day = local_time.day_words(seen_on, reader.today)
    return DeviceView(
        sign_in_id=each.sign_in_id,
        browser=each.device.browser,
        system=each.device.system,
        seen=say("%(day)s, %(time)s", day=day, time=local_time.clock(each.seen_at, reader.zone)),
        is_this=each.sign_in_id == own_id,
    )
