"""A process that serves leaves no core file, and one that has a key shows its memory to nobody."""

import subprocess
import sys

LOOK = """
import ctypes, resource
from appliance.accounts.keyring import Keyring
from appliance.core_dumps import allow_no_core_dump, hide_memory
libc = ctypes.CDLL(None)
def is_dumpable(): return libc.prctl(3, 0, 0, 0, 0)
allow_no_core_dump()
keyring = Keyring(hide_memory)
print(resource.getrlimit(resource.RLIMIT_CORE), is_dumpable())
keyring.open("seal", bytes(32))
print(is_dumpable())
"""


def test_no_core_is_dumped_and_memory_with_a_key_is_hidden() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["(0, 0) 1", "0", ""]
