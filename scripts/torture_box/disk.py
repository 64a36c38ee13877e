"""The files and folders of a recording, at any moment of it and after a power cut there.

A file's name is safe when its folder was synced, and the folder's own name when the folder above
was. Until then the name may be there or not, whatever was synced of the file's content.
"""

import random

from torture_box.file_after_cut import File, Truncation, Write
from torture_box.journal import Entry, Kind

_CHANGES_NAMES = (Kind.CREATED, Kind.RENAMED, Kind.UNLINKED, Kind.FOLDER_MADE)


class Disk:
    """Follows a journal entry by entry."""

    def __init__(self) -> None:
        self._files: dict[int, File] = {}
        self._folders: dict[str, _Folder] = {"": _Folder()}

    def take(self, entry: Entry) -> None:
        """The next thing that the process did."""
        if entry.kind in _CHANGES_NAMES:
            self._change_name(entry)
        elif entry.kind is Kind.FOLDER_SYNCED:
            self._folder(entry.name).sync()
        elif entry.kind is Kind.SYNCED:
            self._files[entry.inode].sync()
        elif entry.kind is Kind.TRUNCATED:
            self._files[entry.inode].change(Truncation(entry.offset))
        elif entry.kind is Kind.WROTE:
            self._files[entry.inode].change(Write(entry.offset, entry.content))

    def as_written(self) -> dict[str, bytes]:
        """All files as the process itself sees them."""
        return {
            _joined(folder, name): bytes(file.as_written())
            for folder, names in self._folders.items()
            for name, file in names.as_written().items()
            if file is not None
        }

    def after_cut(self, luck: random.Random) -> dict[str, bytes]:
        """All files as they may be found after the power has gone."""
        found: dict[str, bytes] = {}
        lost = set()
        for folder in sorted(self._folders):  # those above come before those below
            names = self._folders[folder].after_cut(luck)
            if folder and (_above(folder) in lost or not self._is_there(folder, luck)):
                lost.add(folder)
                continue
            for name, file in names.items():
                if file is not None:
                    found[_joined(folder, name)] = bytes(file.after_cut(luck))
        return found

    def _is_there(self, folder: str, luck: random.Random) -> bool:
        above = self._folders[_above(folder)]
        return above.has_safely(folder.rpartition("/")[2]) or luck.random() < 0.5

    def _change_name(self, entry: Entry) -> None:
        above, _, name = entry.name.rpartition("/")
        folder = self._folder(above)
        if entry.kind is Kind.FOLDER_MADE:
            self._folder(entry.name)
            folder.change(name, None)
        elif entry.kind is Kind.UNLINKED:
            folder.change(name, None)
        else:
            if entry.kind is Kind.CREATED:
                self._files[entry.inode] = File()
            folder.change(name, self._files[entry.inode])

    def _folder(self, name: str) -> "_Folder":
        return self._folders.setdefault(name, _Folder())


class _Folder:
    """Which names it holds: as of its last sync, and the changes since. A folder in it has no
    file, and counts as safe once the name was synced.
    """

    def __init__(self) -> None:
        self._synced: dict[str, File | None] = {}
        self._since: list[tuple[str, File | None]] = []

    def change(self, name: str, file: File | None) -> None:
        self._since.append((name, file))

    def sync(self) -> None:
        self._synced = self.as_written()
        self._since.clear()

    def has_safely(self, name: str) -> bool:
        return name in self._synced

    def as_written(self) -> dict[str, File | None]:
        return {**self._synced, **dict(self._since)}

    def after_cut(self, luck: random.Random) -> dict[str, File | None]:
        """For each name some of its changes have reached the disk, in their order."""
        names = dict(self._synced)
        for name in dict.fromkeys(name for name, _ in self._since):
            changes = [file for changed, file in self._since if changed == name]
            if reached := luck.randint(0, len(changes)):
                names[name] = changes[reached - 1]
        return names


def _above(folder: str) -> str:
    return folder.rpartition("/")[0]


def _joined(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
