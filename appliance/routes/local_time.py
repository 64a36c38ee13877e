"""Times as the reader says them, in the reader's own time zone.

The browser names its zone in the cookie `zone`; without it, or with one this machine does not know,
times are in UTC. Clock times are reworded in the browser's own locale by `times.js`.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from appliance.sentences import Tongue, Words, say


def zone_named(name: str | None) -> tzinfo:
    """The zone of that IANA name; UTC for none, an unknown one, or anything that is not a name."""
    if not name or len(name) > 64:
        return UTC
    try:
        return ZoneInfo(name)
    # A cookie may hold anything: a path, a folder's name, control characters.
    except (ValueError, LookupError, OSError):
        return UTC


def iso(unix_seconds: int) -> str:
    """For `<time datetime>`."""
    return datetime.fromtimestamp(unix_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock(Words):
    """Hours and minutes."""

    at: datetime

    def said_in(self, tongue: Tongue) -> str:
        return tongue.clock(self.at)


class Day(Words):
    """A day by its weekday and date; the year only where it is another one."""

    day: date
    with_year: bool

    def said_in(self, tongue: Tongue) -> str:
        return tongue.day(self.day, with_year=self.with_year)


def clock(unix_seconds: int, zone: tzinfo) -> str:
    """Hours and minutes."""
    at = datetime.fromtimestamp(unix_seconds, zone)
    words = Clock(f"{at:%H:%M}")
    words.at = at
    return words


def day_of(unix_seconds: int, zone: tzinfo) -> date:
    """The reader's calendar day."""
    return datetime.fromtimestamp(unix_seconds, zone).date()


def day_words(day: date, today: date) -> str:
    """A day as a divider says it; the year only where it is another one."""
    if day == today:
        return say("Today")
    if day == today - timedelta(days=1):
        return say("Yesterday")
    with_year = day.year != today.year
    words = Day(f"{day:%A}, {day.day} {day:%B}" + f" {day.year}" * with_year)
    words.day, words.with_year = day, with_year
    return words


def group_words(day: date, today: date) -> str:
    """Under which heading of the list a conversation last used on that day stands."""
    if day >= today:
        return say("Today")
    return say("This week") if day > today - timedelta(days=7) else say("Older")
