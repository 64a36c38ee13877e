"""A program with a key: what it sends along to be let in."""

import os
import subprocess
import sys
from pathlib import Path


def key_of(data_dir: Path, *scopes: str) -> str:
    """A new key of the box's one person, made on the command line; the box runs or not."""
    asked = [each for scope in scopes or ("chat",) for each in ("--scope", scope)]
    name = f"program of {os.urandom(4).hex()}"
    done = subprocess.run(
        [sys.executable, "-m", "appliance", "key", "make", name, *asked, "--data", str(data_dir)],
        env={**os.environ, "APPLIANCE_CONFIG": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.strip()


def shown(key: str) -> dict[str, str]:
    """The one header by which a key comes in."""
    return {"Authorization": f"Bearer {key}"}
