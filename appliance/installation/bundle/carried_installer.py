"""The installer as one file that Python runs by itself, to be carried beside a bundle."""

import io
import zipfile
from pathlib import Path

from appliance.installation.whole_files import write_whole

_PARTS = ("appliance/__init__.py", "appliance/errors.py", "appliance/sentences.py")
_FIRST_LINE = b"#!/usr/bin/env python3\n"
_MAIN = """\
import sys

from appliance.installation.command_line import main

sys.exit(main(sys.argv[1:]))
"""
_LONG_AGO = (2000, 1, 1, 0, 0, 0)


def write_installer(project: Path, file: Path) -> None:
    """`python3 FILE install --bundle ...` then works with nothing else. Raises OSError."""
    inside = sorted((project / "appliance/installation").rglob("*.py"))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as program:
        for path in [*(project / part for part in _PARTS), *inside]:
            name = str(path.relative_to(project))
            program.writestr(zipfile.ZipInfo(name, _LONG_AGO), path.read_bytes())
        program.writestr(zipfile.ZipInfo("__main__.py", _LONG_AGO), _MAIN)
    write_whole(file, _FIRST_LINE + archive.getvalue(), 0o755)
