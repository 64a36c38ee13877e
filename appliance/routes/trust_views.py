"""The page about trust, made from what is known of the box's certificate."""

import re

from appliance.network.authority import Facts
from appliance.network.trust import Trust
from appliance.routes import local_time
from appliance.routes.page_views import Reader
from appliance.routes.qr_views import qr_view
from appliance.routes.trust_data import TrustView

_APPLE = re.compile(r"iPhone|iPad|Macintosh")
_PAIRS_A_ROW = 8


def trust_view(reader: Reader, trust: Trust, user_agent: str) -> TrustView:
    """For one reader's device."""
    authority = trust.authority()
    facts = authority.facts if authority else None
    return TrustView(
        theme=reader.theme,
        name=trust.name,
        has_authority=facts is not None,
        fingerprint_rows=_rows(facts.fingerprint) if facts else (),
        expires_on=_day(reader, facts) if facts else "",
        help_url=trust.help_url,
        qr=qr_view(trust.help_url),
        secure_url=trust.secure_url,
        is_apple=_APPLE.search(user_agent) is not None,
    )


def _rows(fingerprint: str) -> tuple[str, ...]:
    """Short enough to be compared with another screen, row by row."""
    pairs = fingerprint.split(":")
    starts = range(0, len(pairs), _PAIRS_A_ROW)
    return tuple(" ".join(pairs[start : start + _PAIRS_A_ROW]) for start in starts)


def _day(reader: Reader, facts: Facts) -> str:
    return local_time.day_words(facts.expires_at.astimezone(reader.zone).date(), reader.today)
