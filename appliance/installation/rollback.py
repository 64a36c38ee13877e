"""Back to the version before, because a person wants it so."""

from datetime import datetime

from appliance.errors import InstallationError
from appliance.installation import journal
from appliance.installation.install import Installer
from appliance.installation.journal import Entry, Step
from appliance.installation.machine import check_machine
from appliance.installation.old_data import BEFORE, OldData
from appliance.installation.one_at_a_time import held
from appliance.installation.recovery import Recovery
from appliance.installation.releases import Release, all_releases, running

WOULD_BE_LEFT_OUT = (
    "{old} cannot read what was said and changed since {since}: {messages} messages would not be "
    "there any more. They would be kept beside. If you want that, say it with --yes."
)


def roll_back(installer: Installer, *, may_leave_out: bool = False) -> list[str]:
    """What to say of it. Raises InstallationError; then nothing has changed.

    What was said since the update stays, if the version before can read it; if it cannot, this is
    done only with `may_leave_out`, and the data is what it was before the update.
    """
    places, services = installer.places, installer.services
    check_machine(places)
    with held(places.lock):
        recovered = Recovery(installer).carry_on()
        new = running(places)
        old = _version_before(installer, new)
        if new is None or old is None:
            raise InstallationError(
                "There is no version here to go back to: nothing was updated, or the copy of the "
                "data that was made then is gone."
            )
        since = OldData(places, new).since(old)
        if since.is_changed and not since.is_readable and not may_leave_out:
            at = datetime.fromtimestamp(since.copied_at).strftime("%Y-%m-%d %H:%M")
            raise InstallationError(
                WOULD_BE_LEFT_OUT.format(old=old.name, since=at, messages=since.messages)
            )
        entry = Entry(old.name, new.name, Step.RETURNING, services.are_running(), is_by_hand=True)
        journal.write_entry(places.journal, entry)
        words = Recovery(installer).go_back(entry)
        return [*recovered, f"Version {old.name} runs again, in place of {new.name}.", *words]


def _version_before(installer: Installer, now: Release | None) -> Release | None:
    places = installer.places
    for each in all_releases(places):
        if each != now and (places.updates / f"{BEFORE}{each.name}").is_dir():
            return each
    return None
