"""Sizes and spans of time as people say them; both as short as they can be read."""

from appliance.sentences import number, row, say_counted

_UNITS = ("kB", "MB", "GB", "TB")


def size_words(size_bytes: int) -> str:
    """Three digits at most, in the unit that fits."""
    if size_bytes < 1000:
        return say_counted("%(num)s byte", "%(num)s bytes", size_bytes)
    size, unit = size_bytes / 1000, 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return row([number(size, 1 if unit and size < 100 else 0), _UNITS[unit]], " ")


def span(seconds: int) -> tuple[int, int, int]:
    """Days, hours and minutes."""
    minutes = seconds // 60
    return minutes // 1440, minutes // 60 % 24, minutes % 60
