"""Which of our languages a browser asks for, by its `Accept-Language` (RFC 9110, 12.5.4). Pure."""

import re
from collections.abc import Iterator, Sequence

MOST_RANGES = 32
"""More than any browser sends; the rest is not looked at."""

_RANGE = re.compile(
    r"\s*(?P<tag>\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)\s*(?:;\s*q=(?P<q>[01](?:\.[0-9]{0,3})?)\s*)?",
    re.IGNORECASE,
)


def preferred(header: str, offered: Sequence[str]) -> str | None:
    """The offered language that is wanted most; None when none of them is.

    A range means every tag that begins with it, and a tag of more parts than ours has means ours:
    a reader of `de-CH` is better served in `de` than in another language.
    """
    ranges = list(_ranges(header))
    named = {tag.partition("-")[0] for _, tag in ranges}
    for q, tag in sorted(ranges, key=lambda each: -each[0]):
        if not q:
            continue
        if tag == "*":
            return next((each for each in offered if each not in named), None)
        primary = tag.partition("-")[0]
        if primary in offered and not _is_refused(primary, ranges):
            return primary
    return None


def _ranges(header: str) -> Iterator[tuple[float, str]]:
    for part in header.split(",")[:MOST_RANGES]:
        if found := _RANGE.fullmatch(part):
            yield min(1.0, float(found["q"] or 1)), found["tag"].lower()


def _is_refused(primary: str, ranges: Sequence[tuple[float, str]]) -> bool:
    return (0.0, primary) in ranges
