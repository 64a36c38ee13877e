"""The same as a bundle for Debian's package manager: dpkg brings it, and two small scripts of the
package put it in place, with the same trial before an update and the same way back.
"""

import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.bundle.making import Ingredients, gather
from appliance.installation.bundle.manifest import Manifest

LIBRARY = "usr/lib/appliance"
_LIBRARIES = ("libgomp1", "libstdc++6")
_CONTROL = """\
Package: appliance
Version: {version}
Architecture: amd64
Maintainer: {maintainer}
Installed-Size: {kilobytes}
Depends: {needs}
Section: net
Priority: optional
Description: chatbot that lives in one box on the LAN
 A chatbot that runs on this machine and nowhere else: a page for everybody in
 the house, conversations that are kept, and a language model that needs
 neither internet nor GPU. All that it stands on comes with this package; its
 scripts put it below /opt/appliance, as a service that is fenced in.
"""
_COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: appliance

Files: *
Copyright: 2026, the authors of the appliance
License: Apache-2.0
 On Debian systems, the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0. The packages in
 /usr/lib/appliance/wheels have licences of their own, which
 /usr/lib/appliance/sbom.json names.
"""
_CHANGELOG = """\
appliance ({version}) unstable; urgency=medium

  * Built from release {release}.

 -- {maintainer}  {date}
"""
_SCRIPTS = {
    "postinst": """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    /usr/lib/appliance/project/scripts/installed-by-package configure /usr/lib/appliance
fi
""",
    "prerm": """\
#!/bin/sh
set -e
if [ "$1" = remove ]; then
    /usr/lib/appliance/project/scripts/installed-by-package uninstall
fi
""",
    "postrm": """\
#!/bin/sh
set -e
# Only here does what people said go; removing the package keeps it.
if [ "$1" = purge ]; then
    rm -rf /var/lib/appliance /etc/appliance
    if getent passwd appliance >/dev/null; then userdel appliance; fi
fi
""",
}


def make_package(file: Path, ingredients: Ingredients) -> Manifest:
    """Raises InstallationError."""
    if shutil.which("dpkg-deb") is None:
        raise InstallationError("dpkg-deb is missing: this needs a Debian machine.")
    try:
        with tempfile.TemporaryDirectory(dir=file.parent, prefix=".package-") as place:
            tree = Path(place) / "tree"
            library = tree / LIBRARY
            library.mkdir(parents=True)
            manifest = gather(library, ingredients)
            _add_papers(tree, manifest)
            _set_modes(tree)
            # What is inside is compressed already, and most of it cannot be any further.
            build = [
                "dpkg-deb",
                "--root-owner-group",
                "-Zxz",
                "-z1",
                "--build",
                str(tree),
                str(file),
            ]
            done = subprocess.run(build, capture_output=True, text=True, check=False)
    except OSError as error:
        raise InstallationError(f"{file} could not be written: {error.strerror}.") from error
    if done.returncode != 0:
        raise InstallationError(f"dpkg-deb could not build the package: {done.stderr.strip()}")
    return manifest


def _add_papers(tree: Path, manifest: Manifest) -> None:
    version = manifest.release.replace("-", "+")
    facts = {
        "version": version,
        "release": manifest.release,
        "maintainer": _maintainer(),
        "kilobytes": sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) // 1024,
        "needs": ", ".join(_needs(manifest)),
        "date": format_datetime(datetime.now(UTC)),
    }
    paper = tree / "usr/share/doc/appliance"
    paper.mkdir(parents=True)
    (paper / "copyright").write_text(_COPYRIGHT)
    changelog = gzip.compress(_CHANGELOG.format(**facts).encode(), 9, mtime=0)
    (paper / "changelog.gz").write_bytes(changelog)
    sums = [
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  "
        f"{path.relative_to(tree)}\n"
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    ]
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "md5sums").write_text("".join(sums))
    (control / "control").write_text(_CONTROL.format(**facts))
    for name, text in _SCRIPTS.items():
        (control / name).write_text(text)


def _needs(manifest: Manifest) -> tuple[str, ...]:
    """Of the system. The wheels are for one Python alone."""
    next_minor = int(manifest.python.split(".")[1]) + 1
    pythons = (f"python3 (>= {manifest.python})", f"python3 (<< 3.{next_minor})", "python3-venv")
    return (*pythons, "systemd", f"libc6 (>= {manifest.libc})", *_LIBRARIES)


def _maintainer() -> str:
    """As Debian's own tools ask for it."""
    name = os.environ.get("DEBFULLNAME", "Appliance maintainers")
    return f"{name} <{os.environ.get('DEBEMAIL', 'appliance@packages.debian.org')}>"


def _set_modes(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        is_program = path.is_dir() or path.stat().st_mode & 0o100 or path.name in _SCRIPTS
        path.chmod(0o755 if is_program else 0o644)
