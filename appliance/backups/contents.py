"""What belongs into a backup. Not the models, which can be had again; not the KV cache's states nor
what is in Valkey, which make things faster and hold nothing that is needed.
"""

import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from appliance.backups.manifest import DATABASE, PAGE_KEY, SETTINGS, Member
from appliance.backups.pace import Pace
from appliance.backups.tar import PIECE_BYTES
from appliance.store import backup

_TLS = ("tls/authority.key", "tls/authority.pem", "tls/server.pem")


def gather(
    data_dir: Path, folder: Path, settings: Path | None, *, is_locked: bool
) -> dict[str, Path]:
    """By the name of the member, a file that stays as it is: in `folder`, where the copy of the
    database is already. The others are a second name of the same file there, so that whoever
    deletes one meanwhile need not wait. Raises OSError.

    The page's key opens the secrets of second factors in the database: it is in no file that lies
    open beside them.
    """
    found = {DATABASE: folder / DATABASE}
    if settings is not None:
        found[SETTINGS] = Path(shutil.copyfile(settings, folder / SETTINGS))
    names = [*_TLS, *([PAGE_KEY] if is_locked else [])]
    names += [f"documents/{each}" for each in sorted(backup.document_ids(folder / DATABASE))]
    for name in names:
        second = folder / name
        second.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            os.link(data_dir / name, second)
        except FileNotFoundError:
            continue  # deleted since that moment, or there never was one
        except OSError:  # a file system without second names
            second = data_dir / name
        found[name] = second
    return found


def pieces_of(path: Path, pace: Pace) -> Iterator[bytes]:
    """What the file holds. Raises OSError."""
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece
            pace.rest()


def member_of(name: str, path: Path, pace: Pace) -> Member:
    """The file as the manifest has it. Raises OSError."""
    digest, size_bytes = sha256(), 0
    for piece in pieces_of(path, pace):
        digest.update(piece)
        size_bytes += len(piece)
    return Member(name, size_bytes, digest.hexdigest())
