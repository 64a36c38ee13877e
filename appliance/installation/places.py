"""Where everything of an installation lies, here or under a folder that stands for a machine."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import InstallationError

MACHINE = Path("/")


@dataclass(frozen=True, slots=True)
class Places:
    """`root` is `/`, or for a try the folder that all paths begin with."""

    root: Path = MACHINE

    @property
    def is_machine(self) -> bool:
        """Whether this is the machine itself, with its systemd and its users."""
        return self.root == MACHINE

    @property
    def releases(self) -> Path:
        """One folder for each version that is installed."""
        return self.root / "opt/appliance"

    @property
    def current(self) -> Path:
        """A link to the version that runs."""
        return self.releases / "current"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the installation."""
        return self.releases / ".lock"

    @property
    def journal(self) -> Path:
        """How far an update is; there is none when nothing is half done."""
        return self.releases / "update.json"

    @property
    def units(self) -> Path:
        """systemd's folder for units of this machine; what an admin puts into /etc goes first."""
        return self.root / "usr/local/lib/systemd/system"

    @property
    def command(self) -> Path:
        """`appliance`, for whoever is at the machine."""
        return self.root / "usr/local/bin/appliance"

    @property
    def configuration(self) -> Path:
        """Settings, and the key that bundles are signed with."""
        return self.root / "etc/appliance"

    @property
    def settings_file(self) -> Path:
        """What an admin has set."""
        return self.configuration / "appliance.toml"

    @property
    def bundle_key(self) -> Path:
        """The public key by which bundles are trusted, since the first one was."""
        return self.configuration / "bundle.pub"

    @property
    def data(self) -> Path:
        """What people said. Raises InstallationError when the settings cannot be read."""
        return _named_in(self.settings_file) or self.root / "var/lib/appliance"

    @property
    def updates(self) -> Path:
        """Copies of the data that an update makes; on the same disk, so that they can be linked."""
        return self.data / "updates"


def _named_in(settings: Path) -> Path | None:
    try:
        values = tomllib.loads(settings.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InstallationError(
            f"The settings file {settings} cannot be read: {error}. Put it right and start again."
        ) from error
    named = values.get("data_dir")
    path = Path(named).expanduser() if isinstance(named, str) else None
    return path if path is not None and path.is_absolute() else None
