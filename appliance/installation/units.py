"""The unit files, the box's user and the `appliance` command, as a version brings them."""

import subprocess
from pathlib import Path

from appliance.errors import InstallationError
from appliance.installation.places import Places
from appliance.installation.releases import Release
from appliance.installation.services import Services
from appliance.installation.whole_files import write_whole

USER = "appliance"
_ENDINGS = (".service", ".socket", ".timer")
_OURS = "appliance"
_COMMAND = """\
#!/bin/sh
# The installed appliance on the box's own data. A box that runs is asked to do what is to be done;
# for one that does not, root does it as the box's user, so that the files stay the box's.
set -eu
export STATE_DIRECTORY=/var/lib/appliance
case ${1-} in
rollback | bundle | doctor | backup | restore) ;;
*)
    if [ "$(id -u)" = 0 ] && ! systemctl --quiet is-active appliance.service; then
        exec setpriv --reuid=appliance --regid=appliance --init-groups --reset-env \\
            env STATE_DIRECTORY="$STATE_DIRECTORY" \\
            /opt/appliance/current/venv/bin/python -I -m appliance "$@"
    fi
    ;;
esac
exec /opt/appliance/current/venv/bin/python -I -m appliance "$@"
"""


def units_in(folder: Path) -> dict[str, bytes]:
    """The appliance's unit files there, by name."""
    return {
        file.name: file.read_bytes()
        for file in sorted(folder.glob(f"{_OURS}*"))
        if file.suffix in _ENDINGS
    }


def put_units(places: Places, release: Release, services: Services) -> None:
    """Those of this version, and no others of ours. Raises InstallationError, OSError."""
    wanted, there = units_in(release.folder / "systemd"), units_in(places.units)
    gone = sorted(there.keys() - wanted.keys())
    services.disable(gone)
    for name in gone:
        (places.units / name).unlink()
    for name, text in wanted.items():
        if there.get(name) != text:
            write_whole(places.units / name, text)
    if wanted != there:
        services.units_changed()
    services.enable(list(wanted))


def remove_units(places: Places, services: Services) -> None:
    """All of ours; the box stops."""
    there = list(units_in(places.units))
    services.disable(there)
    for name in there:
        (places.units / name).unlink()
    if there:
        services.units_changed()


def put_command(places: Places) -> None:
    """`appliance` on everybody's path."""
    write_whole(places.command, _COMMAND.encode(), 0o755)


def make_user(places: Places, release: Release) -> None:
    """The user that the box runs as, and its folder. Raises InstallationError."""
    if not places.is_machine:
        places.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return
    told = release.folder / "systemd/sysusers.d/appliance.conf"
    done = subprocess.run(
        ["systemd-sysusers", str(told)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise InstallationError(f"The user {USER} could not be made: {done.stderr.strip()}")
    if not places.data.is_dir():
        subprocess.run(
            ["install", "-d", "-m", "0700", "-o", USER, "-g", USER, str(places.data)], check=True
        )


def remove_user(places: Places) -> None:
    """Once nothing belongs to it any more; one that is gone already is no obstacle."""
    if places.is_machine:
        subprocess.run(["userdel", USER], capture_output=True, check=False)
