"""The child process in which the serving box has its backup made. Run as `main`, with what to do
(a `Usual`, as JSON) at its standard input, where a passphrase is seen by nobody.

How it went is in the record; nothing is said but that there is an end.
"""

import sys

import msgspec

from appliance.backups.pace import Pace
from appliance.backups.usual import Usual, make_usual
from appliance.core_dumps import allow_no_core_dump
from appliance.errors import ApplianceError


def main() -> None:
    allow_no_core_dump()
    wanted = msgspec.json.decode(sys.stdin.buffer.read(), type=Usual)
    try:
        make_usual(wanted, Pace())
    except ApplianceError:
        sys.exit(1)
