"""Taking the box off a machine. What people said stays, unless the word is given for it."""

from appliance.errors import InstallationError
from appliance.installation.machine import check_machine
from appliance.installation.one_at_a_time import held
from appliance.installation.places import Places
from appliance.installation.services import Services
from appliance.installation.units import remove_units, remove_user
from appliance.installation.whole_files import remove

WORD = "everything"


def uninstall(places: Places, services: Services, word: str | None = None) -> list[str]:
    """What to say of it; `word` deletes the data too. Raises InstallationError.

    One that was interrupted is finished by the next.
    """
    check_machine(places)
    if word not in (None, WORD):
        raise InstallationError(
            f"Nothing was removed: the word that deletes all that people said is {WORD!r}."
        )
    if not places.releases.is_dir():
        raise InstallationError(f"There is no box in {places.releases}.")
    data = places.data  # asked while the settings are still there
    with held(places.lock):
        remove_units(places, services)
        places.command.unlink(missing_ok=True)
        places.current.unlink(missing_ok=True)
        for path in list(places.releases.iterdir()):
            if path != places.lock:
                remove(path)
        if word is not None:
            for path in (data, places.configuration):
                if path.exists():
                    remove(path)
            remove_user(places)
        places.lock.unlink(missing_ok=True)
        places.releases.rmdir()
    if word is not None:
        return ["The box is removed, and so is everything that was said on it."]
    return [
        f"The box is removed. What people said is still in {data}, and the settings are in "
        f"{places.configuration}: another installation finds them. To delete them too: "
        f"scripts/uninstall --data"
    ]
