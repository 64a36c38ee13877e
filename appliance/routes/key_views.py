"""The pages about keys and usage, made from what is known of them."""

from collections.abc import Sequence
from datetime import date
from math import ceil

from appliance.accounts.account import Account
from appliance.accounts.api_key import ApiKey, MadeKey, Scope
from appliance.accounts.limit import Rooms
from appliance.accounts.usage import KeyTally, UsageReport
from appliance.routes import local_time
from appliance.routes.key_data import DayBar, KeyRow, KeysView, KeyUse, MadeKeyView, UsageView
from appliance.routes.page_views import Reader
from appliance.sentences import number

PICTURE_HEIGHT = 96
BAR_STEP = 10


def keys_view(
    reader: Reader,
    account: Account,
    keys: Sequence[ApiKey],
    now: float,
    made: MadeKeyView | None = None,
) -> KeysView:
    """All of somebody's keys; `made` is the one that was just made."""
    rows = tuple(_row(reader, key, now) for key in keys)
    return KeysView(reader.theme, account.is_admin, made, rows)


def made_view(made: MadeKey, base_url: str) -> MadeKeyView:
    """A new key, for a program that reaches the box as this browser does."""
    scopes = made.key.scopes
    return MadeKeyView(
        name=made.key.name,
        secret=made.secret,
        base_url=base_url.rstrip("/"),
        may_chat=Scope.CHAT in scopes,
        may_read=Scope.READ in scopes,
    )


def usage_view(reader: Reader, report: UsageReport, rooms: Rooms) -> UsageView:
    """What somebody has used, and what they have left."""
    busiest = max(report.days, key=lambda each: each.tally.tokens)
    return UsageView(
        theme=reader.theme,
        requests=number(report.today.requests),
        tokens=number(report.today.tokens),
        requests_per_minute=number(rooms.requests.limit) if rooms.requests else "",
        tokens_per_day=number(rooms.tokens.limit) if rooms.tokens else "",
        tokens_left=number(rooms.tokens.left) if rooms.tokens else "",
        has_any=any(each.tally.requests for each in report.days),
        bars=_bars(report),
        most_tokens=number(busiest.tally.tokens),
        most_day=_day_words(busiest.day, report),
        keys=tuple(_key_use(each) for each in report.keys),
    )


def _row(reader: Reader, key: ApiKey, now: float) -> KeyRow:
    per_minute, per_day = key.limit.requests_per_minute, key.limit.tokens_per_day
    return KeyRow(
        key_id=key.key_id,
        name=key.name,
        beginning=key.beginning,
        scopes=tuple(sorted(key.scopes)),
        requests_per_minute=number(per_minute) if per_minute else "",
        tokens_per_day=number(per_day) if per_day else "",
        created=_when(reader, key.created_at),
        last_used=_when(reader, key.last_used_at),
        ends=_when(reader, key.expires_at),
        has_expired=key.has_expired(now),
    )


def _when(reader: Reader, at: int | None) -> str:
    return local_time.day_words(local_time.day_of(at, reader.zone), reader.today) if at else ""


def _bars(report: UsageReport) -> tuple[DayBar, ...]:
    """The tallest fills the picture; any use at all can be seen."""
    most = max(1, max(each.tally.tokens for each in report.days))
    bars = []
    for place, each in enumerate(report.days):
        height = ceil(each.tally.tokens * PICTURE_HEIGHT / most)
        bars.append(
            DayBar(
                day=_day_words(each.day, report),
                x=place * BAR_STEP,
                y=PICTURE_HEIGHT - height,
                height=height,
                requests=number(each.tally.requests) if each.tally.requests else "",
                prompt_tokens=number(each.tally.prompt_tokens),
                completion_tokens=number(each.tally.completion_tokens),
            )
        )
    return tuple(bars)


def _day_words(day: str, report: UsageReport) -> str:
    """Its days are the box's, wherever the reader is."""
    today = date.fromisoformat(report.days[-1].day)
    return local_time.day_words(date.fromisoformat(day), today)


def _key_use(each: KeyTally) -> KeyUse:
    return KeyUse(
        name=each.name,
        is_gone=each.is_gone,
        requests=number(each.tally.requests),
        prompt_tokens=number(each.tally.prompt_tokens),
        completion_tokens=number(each.tally.completion_tokens),
    )
