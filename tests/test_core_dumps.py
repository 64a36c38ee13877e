"""A process that serves leaves no core file."""

import subprocess
import sys

LOOK = """
import ctypes, resource
from appliance.core_dumps import allow_no_core_dump
allow_no_core_dump()
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_no_core_is_dumped_by_any_way() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(0, 0) 0"
