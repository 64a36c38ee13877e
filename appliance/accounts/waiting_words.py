"""How long somebody has to wait, in words. Pure."""

from math import ceil

from appliance.sentences import say, say_counted

_MINUTE = 60


def within_words(seconds: float) -> str:
    """`in 20 seconds`, `in 5 minutes`, `in 3 hours and 20 minutes`; never too short."""
    if seconds <= 90:
        return say_counted("in %(num)s second", "in %(num)s seconds", max(1, ceil(seconds)))
    minutes = ceil(seconds / _MINUTE)
    if minutes < 60:
        return say_counted("in %(num)s minute", "in %(num)s minutes", minutes)
    hours, minutes = divmod(minutes, 60)
    if not minutes:
        return say_counted("in %(num)s hour", "in %(num)s hours", hours)
    return say(
        "in %(hours)s and %(minutes)s",
        hours=say_counted("%(num)s hour", "%(num)s hours", hours),
        minutes=say_counted("%(num)s minute", "%(num)s minutes", minutes),
    )
