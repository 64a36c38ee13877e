"""The six digits that a phone shows for half a minute (TOTP, RFC 6238). Pure.

Every app for such codes knows this kind: SHA-1, six digits, thirty seconds. A code is good in its
own half minute and in the two beside it, so that clocks may differ a little.
"""

from enum import Enum, auto
from typing import NamedTuple

import pyotp

STEP_SECONDS = 30
BESIDE = 1
NEAR = 20
"""So many steps away (ten minutes) a code is known to be one of another time."""


class Fit(Enum):
    """How a code fits."""

    GOOD = auto()
    USED = auto()
    OF_ANOTHER_TIME = auto()
    WRONG = auto()


class Found(NamedTuple):
    """How it fits, and its time step; 0 when it fits nowhere."""

    fit: Fit
    step: int


def new_secret() -> str:
    """160 bits in base 32, as apps for codes read them."""
    return pyotp.random_base32()


def address_of(secret: str, name: str, box: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret, name=name, issuer=box).provisioning_uri()


def find(secret: str, code: str, now: float, used_step: int = 0, told_step: int = 0) -> Found:
    """Where that code fits. Codes up to `used_step`, and the one of `told_step`, are used up."""
    codes = pyotp.TOTP(secret)
    here = int(now) // STEP_SECONDS
    # A clock that was set back keeps nobody out.
    newest_used = used_step if used_step <= here + BESIDE else 0
    for away in sorted(range(-NEAR, NEAR + 1), key=abs):
        step = here + away
        if step < 0 or not pyotp.utils.strings_equal(codes.generate_otp(step), code):
            continue
        if abs(away) > BESIDE:
            return Found(Fit.OF_ANOTHER_TIME, step)
        is_used = step <= newest_used or step == told_step
        return Found(Fit.USED if is_used else Fit.GOOD, step)
    return Found(Fit.WRONG, 0)
