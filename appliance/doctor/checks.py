"""All checks, in the order in which one would ask."""

import subprocess
from collections.abc import Callable

from pysqlite3 import dbapi2 as sqlite

from appliance.doctor import fences, kept_things, machine, reachable
from appliance.doctor.finding import Finding, unknown, wrong
from appliance.doctor.patient import Patient
from appliance.errors import ApplianceError

Check = Callable[[Patient], Finding]

CHECKS: dict[str, Check] = {
    "listening": reachable.listening,
    "port": reachable.port,
    "firewall": reachable.firewall,
    "name": reachable.name,
    "certificate": kept_things.certificate,
    "clock": machine.clock,
    "disk": machine.disk,
    "memory": machine.memory,
    "processor": machine.processor,
    "threads": machine.threads,
    "database": kept_things.database,
    "index": kept_things.index,
    "valkey": kept_things.valkey,
    "backups": kept_things.backups,
    "restores": kept_things.left_behind,
    "unit": fences.unit,
    "outbound": fences.outbound,
}


def look(patient: Patient, check: Check) -> Finding:
    """What it finds; also where it may not look, or stumbles over what is wrong there."""
    try:
        return check(patient)
    except PermissionError as error:
        return unknown(f"This may not be looked at ({error}).", "Look again as root.")
    except ApplianceError as error:
        return wrong(str(error), "")
    except (OSError, ValueError, sqlite.Error, subprocess.SubprocessError) as error:
        return unknown(f"It could not be found out ({error}).")
