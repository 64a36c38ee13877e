"""Fetching a model file from the hub, for a connected machine. The server never imports this.

The download goes on where an earlier one stopped: what is there is kept under the checksum the hub
names, and is worth nothing until it has that checksum. (`hf_hub_download` of huggingface_hub 2.4
begins anew each time, so its lower part is used.)
"""

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

# Read by huggingface_hub when it is imported. Its other way to download (Xet) cannot be resumed.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_XET", "1")

import httpx2
from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)
from huggingface_hub.file_download import HfFileMetadata, http_get
from huggingface_hub.utils._headers import build_hf_headers

from appliance.errors import ModelError, ModelMissing, ModelRefused
from appliance.model_files.atomic_file import adopt, make_directory
from appliance.model_files.names import name_for, plain
from appliance.model_files.presets import Preset

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on the hub, and the name it shall have here."""

    repo: str
    file: str
    name: str
    preset: Preset | None

    @property
    def source(self) -> str:
        return f"{self.repo}/{self.file}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file with the sha256 it should have; whoever takes it in checks that."""

    path: Path
    sha256: str


def find_remote(what: str, presets: Mapping[str, Preset]) -> Remote:
    """A preset's name, or OWNER/REPOSITORY/FILE. Raises ModelMissing."""
    preset = presets.get(what)
    if preset is not None and preset.repo is None:
        raise ModelMissing(f"{what} comes with the appliance; there is nothing to pull.")
    if preset is not None and preset.repo is not None:
        return Remote(preset.repo, preset.file, preset.name, preset)
    owner, _, rest = what.partition("/")
    repository, _, file = rest.partition("/")
    if not (owner and repository and file):
        raise ModelMissing(
            f"{plain(what, 80)!r} is neither a recommended model nor OWNER/REPOSITORY/FILE; "
            "`appliance model list` shows the recommended ones."
        )
    repo = f"{owner}/{repository}"
    listed = (known for known in presets.values() if (known.repo, known.file) == (repo, file))
    known = next(listed, None)
    return Remote(repo, file, known.name if known else name_for(Path(file).name), known)


@contextmanager
def fetched(remote: Remote, directory: Path) -> Iterator[Fetched]:
    """The file, downloaded; deleted when it was taken in or refused.

    What an interrupted download has got so far stays for the next try.
    Raises ModelMissing and ModelError, each with one sentence.
    """
    with _as_sentences(remote):
        metadata = get_hf_file_metadata(hf_hub_url(remote.repo, remote.file))
        sha256 = _published_sha256(remote, metadata)
        make_directory(directory)
        part = directory / f".pull-{sha256}.part"
        _download(remote, metadata, part)
    try:
        yield Fetched(part, sha256)
    except ModelRefused:
        part.unlink(missing_ok=True)
        raise
    part.unlink(missing_ok=True)


def _published_sha256(remote: Remote, metadata: HfFileMetadata) -> str:
    sha256 = metadata.etag or ""
    if not _SHA256.fullmatch(sha256):
        raise ModelError(
            f"The hub names no sha256 for {plain(remote.source, 120)}, so it cannot be checked; "
            "choose a GGUF file."
        )
    pinned = remote.preset.sha256 if remote.preset else None
    if pinned not in (None, sha256):
        raise ModelError(
            f"{remote.name} has changed on the hub: its sha256 is not the one that is known here; "
            "update the appliance, or choose another model."
        )
    return sha256


def _download(remote: Remote, metadata: HfFileMetadata, part: Path) -> None:
    headers = build_hf_headers()
    headers["Accept-Encoding"] = "identity"
    url = hf_hub_url(remote.repo, remote.file)
    if urlsplit(metadata.location).netloc != urlsplit(url).netloc:
        headers.pop("authorization", None)  # A key for the hub is not for its file server.
    with part.open("ab") as target:
        try:
            fcntl.flock(target, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError(
                f"{remote.name} is being pulled already; wait for that to end."
            ) from error
        adopt(part)
        http_get(
            metadata.location,
            target,
            resume_size=target.tell(),
            headers=headers,
            expected_size=metadata.size,
            displayed_filename=plain(remote.file, 40),
        )


@contextmanager
def _as_sentences(remote: Remote) -> Iterator[None]:
    shown = plain(remote.source, 120)
    try:
        yield
    except GatedRepoError as error:
        raise ModelError(
            f"The makers of {remote.repo} ask for consent first: give it on the hub's page, log in "
            "with `hf auth login`, and try again."
        ) from error
    except (EntryNotFoundError, RepositoryNotFoundError, HFValidationError) as error:
        raise ModelMissing(
            f"There is no {shown} on the hub; check the name of repository and file."
        ) from error
    except OfflineModeIsEnabled as error:
        raise ModelError("HF_HUB_OFFLINE is set; unset it to pull a model.") from error
    except HfHubHTTPError as error:
        raise ModelError(
            f"The hub refused {shown} ({plain(str(error), 120)}); try again later."
        ) from error
    except (httpx2.HTTPError, OSError, ValueError) as error:
        raise ModelError(
            f"{shown} could not be fetched ({plain(str(error), 120)}); check the network and the "
            "space on the disk, and run the same command again: it goes on where it stopped."
        ) from error
