"""What a first start leaves behind, wherever it is cut off."""

import errno
import os
from pathlib import Path

import pytest

from appliance.data_dir import open_data_dir, page_secret
from appliance.errors import StoreRefused


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    secret = page_secret(tmp_path)
    assert len(secret) == 64
    assert page_secret(tmp_path) == secret
    assert [(file.name, file.stat().st_mode & 0o777) for file in tmp_path.iterdir()] == [
        ("page.key", 0o600)
    ]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_start_that_was_cut_off_while_it_made_the_key_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, step, cut_off)
        with pytest.raises(KeyboardInterrupt):
            page_secret(tmp_path)
    assert not (tmp_path / "page.key").exists()
    assert len(page_secret(tmp_path)) == 64


def test_a_disk_that_has_no_room_for_the_key_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreRefused, match="No space left on device"):
        page_secret(tmp_path)


def test_the_directory_and_those_above_it_are_synced_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    for _ in range(2):
        with open_data_dir(tmp_path / "above" / "data") as folder:
            assert folder.stat().st_mode & 0o777 == 0o700
    assert synced == [str(tmp_path), str(tmp_path / "above")]
