"""Sizes and spans of time as people say them; both as short as they can be read."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size_words(size_bytes: int) -> str:
    """Three digits at most, in the unit that fits."""
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit < 2 or size >= 100 else f"{size:.1f} {_UNITS[unit]}"


def span(seconds: int) -> tuple[int, int, int]:
    """Days, hours and minutes."""
    minutes = seconds // 60
    return minutes // 1440, minutes // 60 % 24, minutes % 60
