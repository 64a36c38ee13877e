"""Putting the box onto a machine: the version beside, then the link, then the service."""

import os
from dataclasses import dataclass

from appliance.errors import InstallationError
from appliance.installation.children import run_program
from appliance.installation.environment import MakeEnvironment, make_environment
from appliance.installation.machine import NEEDED_BYTES, check_cpu, check_machine, check_room
from appliance.installation.one_at_a_time import held
from appliance.installation.payload import Payload
from appliance.installation.places import Places
from appliance.installation.project import copy_project, release_of, version_of
from appliance.installation.releases import Release, make_current, release, running
from appliance.installation.services import Services
from appliance.installation.units import make_user, put_command, put_units
from appliance.installation.whole_files import remove

_SET_UP_ALREADY = "is set up already"


@dataclass(frozen=True, slots=True)
class Installer:
    """Where to, what runs the box there, and how a version's packages are made."""

    places: Places
    services: Services
    make_environment: MakeEnvironment = make_environment
    needed_bytes: int = NEEDED_BYTES

    def install(self, payload: Payload) -> list[str]:
        """What to say of it. Raises InstallationError; the same again changes nothing.

        One that was interrupted goes on where it stopped.
        """
        check_machine(self.places)
        with held(self.places.lock):
            before = running(self.places)
            wanted = release_of(payload.project)
            if before is not None and before.name != wanted:
                raise InstallationError(
                    f"Version {before.name} is installed here already. To change it to {wanted}, "
                    "start scripts/update, which keeps the old one until the new one has answered."
                )
            chosen = self.put_beside(payload)
            make_user(self.places, chosen)
            self.bring_models(payload, chosen)
            make_current(self.places, chosen)
            put_command(self.places)
            put_units(self.places, chosen, self.services)
            self.services.start()
            words = [f"Version {chosen.name} is installed in {chosen.folder}."]
            if before is not None:
                words = [f"Version {chosen.name} was installed already; all of it is in place."]
            return [*words, *self._first_steps(chosen)]

    def put_beside(self, payload: Payload) -> Release:
        """The payload as a version of its own, whole; what runs is not touched."""
        check_cpu(payload.cpu)
        chosen = release(self.places, release_of(payload.project))
        if chosen.is_whole:
            return chosen
        check_room(self.places.releases, self.needed_bytes)
        # Copied anew in any case: what an interrupted copy left is not to be told from the rest.
        # What was installed into its venv meanwhile has marks of its own and stays.
        try:
            copy_project(payload.project, chosen.folder)
            self.make_environment(chosen, payload.wheels, payload.python)
            self._check_copy(chosen)
            os.sync()  # the mark must not outlive a power cut that the files did not
            chosen.mark_whole({"version": version_of(chosen.folder)})
        except OSError as error:
            raise InstallationError(
                f"{chosen.folder} cannot be written: {error.strerror}. Nothing that ran before has "
                "changed; put that right and start again."
            ) from error
        return chosen

    def _check_copy(self, chosen: Release) -> None:
        if release_of(chosen.folder) != chosen.name:
            remove(chosen.folder)
            raise InstallationError(
                "The project changed while it was copied. Let it be, and start again."
            )

    def bring_models(self, payload: Payload, chosen: Release) -> None:
        """Through the same door as any model; those that are there already stay."""
        for model in payload.models:
            try:
                run_program(self.places, chosen, "model", "verify", model.name)
            except InstallationError:
                add = ("model", "add", str(model.file), "--name", model.name, "--yes")
                run_program(self.places, chosen, *add)
                run_program(self.places, chosen, "model", "use", model.name)

    def _first_steps(self, chosen: Release) -> list[str]:
        try:
            return run_program(self.places, chosen, "setup")
        except InstallationError as error:
            if _SET_UP_ALREADY in str(error):
                return []
            raise InstallationError(
                f"Version {chosen.name} is installed, but it does not run: {error}"
            ) from error
