"""Carrying on with an update that something cut off: a power cut, `kill -9`, or its own failure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from appliance.errors import InstallationError
from appliance.installation import journal
from appliance.installation.install import Installer
from appliance.installation.journal import Entry, Step
from appliance.installation.old_data import OldData
from appliance.installation.releases import make_current, release, running
from appliance.installation.units import put_command, put_units

UNDONE = "An update to {new} was cut off before it changed anything; {old} runs as before."
DONE = "An update to {new} was cut off when {new} ran already; it is finished."
LEFT_OUT = (
    "What was said and changed since ({messages} messages) is in a shape that {old} cannot read; "
    "it is kept in {folder}."
)


@dataclass(frozen=True, slots=True)
class Recovery:
    """Each of its ways can be begun anew from wherever it was cut off."""

    installer: Installer

    def carry_on(self) -> list[str]:
        """End what is half done, with the old version or the new one whole; what to say of it.

        Raises InstallationError when it cannot be done now; then the next one tries again.
        """
        places, services = self.installer.places, self.installer.services
        entry = journal.read_entry(places.journal)
        if entry is None:
            return []
        old, new = release(places, entry.old), release(places, entry.new)
        if entry.step is Step.RETURNING:
            return self.go_back(entry)
        if running(places) != new:
            self.give_up(entry)
            return [UNDONE.format(old=old.name, new=new.name)]
        # The link was renamed: the new version was tried, and the box may have answered with it.
        try:
            put_command(places)
            put_units(places, new, services)
            if entry.was_running:
                services.start()
        except (InstallationError, OSError) as error:
            words = self.go_back(entry)
            return [f"An update to {new.name} was undone: {error}", *words]
        journal.close(places.journal)
        return [DONE.format(new=new.name)]

    def give_up(self, entry: Entry) -> None:
        """Nothing but copies was made: take them away, and let the old version run."""
        places, services = self.installer.places, self.installer.services
        data = OldData(places, release(places, entry.new))
        if entry.was_running:
            services.start()
        data.forget_trial()
        data.forget(release(places, entry.old))
        journal.close(places.journal)

    def go_back(self, entry: Entry) -> list[str]:
        """Old version, old data; what to say of what was said meanwhile."""
        places, services = self.installer.places, self.installer.services
        old, new = release(places, entry.old), release(places, entry.new)
        journal.write_entry(places.journal, replace(entry, step=Step.RETURNING))
        services.stop()
        words = self._return_data(OldData(places, new), entry)
        make_current(places, old)
        put_command(places)
        put_units(places, old, services)
        if entry.was_running:
            services.start()
        OldData(places, new).forget(old)
        journal.close(places.journal)
        return words

    def _return_data(self, data: OldData, entry: Entry) -> list[str]:
        """What came since stays if the old version can read it, and else is kept beside."""
        places = self.installer.places
        old = release(places, entry.old)
        try:
            since = data.since(old)
        except InstallationError:  # the new version left nothing that can be read
            data.put_back(old)
            return []
        if since.is_readable and (since.is_changed or entry.is_by_hand):
            return []
        words = []
        if since.is_changed:
            aside = f"left-out-{datetime.now(UTC):%Y%m%d-%H%M%S}"
            data.set_aside(aside)
            folder = places.updates / aside
            words = [LEFT_OUT.format(messages=since.messages, old=old.name, folder=folder)]
        data.put_back(old)
        return words
