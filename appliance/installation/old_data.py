"""The data as it was before an update, asked of the new version's program."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.installation.children import run_child
from appliance.installation.places import Places
from appliance.installation.releases import Release

TRIAL = "trial"
BEFORE = "before-leaving-"
_CHILD = "appliance.installation.data_child"


@dataclass(frozen=True, slots=True)
class Since:
    """What happened to the data after it was copied.

    So many messages came; `is_changed` by those or by something else that people made or deleted.
    `is_readable` says whether the older version could read it all.
    """

    messages: int
    is_changed: bool
    is_readable: bool
    copied_at: int


@dataclass(frozen=True, slots=True)
class OldData:
    """`by` is the newer of the two versions: its program knows the shapes of both."""

    places: Places
    by: Release

    def try_new(self) -> str:
        """Run the new version on a copy; why its model gave no answer, or nothing if it did.

        Raises InstallationError for everything else that is wrong with it.
        """
        self._do("copy", TRIAL)
        copy = str(self.places.updates / TRIAL)
        said = run_child(self.places, self.by, "appliance.trial_start", str(self.places.data), copy)
        return str(said["why"])

    def forget_trial(self) -> None:
        """Words of people are in it."""
        self._do("forget", TRIAL)

    def keep(self, old: Release) -> None:
        """Copy what there is, for a way back to that version. Raises InstallationError."""
        self._do("keep", BEFORE + old.name)

    def forget(self, old: Release) -> None:
        """The copy, whole or not."""
        self._do("forget", BEFORE + old.name)

    def forget_others(self, old: Release) -> None:
        """Copies that earlier updates kept, for versions that are gone."""
        try:
            names = [path.name for path in self.places.updates.iterdir()]
        except OSError:
            return
        for name in names:
            if name.lstrip(".").startswith(BEFORE) and name != BEFORE + old.name:
                self._do("forget", name)

    def folder(self, old: Release) -> Path:
        """Where the copy for that version lies."""
        return self.places.updates / (BEFORE + old.name)

    def since(self, old: Release) -> Since:
        """What came since the copy was made. Raises InstallationError."""
        said = self._do("look", BEFORE + old.name)
        kept, now = said["kept"], said["now"]
        came = now["rows"]["messages"][0] - kept["rows"]["messages"][0]
        is_changed = any(now["rows"].get(table) != rows for table, rows in kept["rows"].items())
        return Since(max(0, came), is_changed, now["shape"] == kept["shape"], kept["at"])

    def put_back(self, old: Release) -> None:
        """Raises InstallationError; then it is to be done again."""
        self._do("put-back", BEFORE + old.name)

    def set_aside(self, name: str) -> None:
        """Copy what there is now, before the older takes its place."""
        self._do("keep", name)

    def _do(self, verb: str, name: str) -> dict[str, Any]:
        return run_child(self.places, self.by, _CHILD, verb, str(self.places.data), name)
