"""What a backup says of itself: by which version it was made, and what has to be in it."""

import re
from hashlib import sha256

import msgspec

from appliance.errors import BackupRefused

FORMAT = 1
DATABASE = "appliance.sqlite3"
SETTINGS = "settings.toml"
PAGE_KEY = "page.key"
MOST_BYTES = 64 * 2**20
"""Of a manifest; room for some 400,000 documents."""

_NAME = re.compile(
    r"appliance\.sqlite3|settings\.toml|page\.key"
    r"|tls/(authority\.pem|authority\.key|server\.pem)|documents/[0-9a-f]{32}"
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DAMAGED = "This backup is damaged: what it says of itself is not whole. Take another one."


class Member(msgspec.Struct, frozen=True):
    """One file in it."""

    name: str
    size_bytes: int
    sha256: str


class Counts(msgspec.Struct, frozen=True):
    """How much there is, so that whoever restores it sees what they get."""

    people: int = 0
    conversations: int = 0
    messages: int = 0
    documents: int = 0

    @property
    def words(self) -> str:
        """All of it in a part of a sentence."""
        return (
            f"{_counted(self.conversations, 'conversation')} with "
            f"{_counted(self.messages, 'message')} of {_counted(self.people, 'person', 'people')}, "
            f"and {_counted(self.documents, 'document')}"
        )


class Manifest(msgspec.Struct, frozen=True):
    """`shape` is the number of the database's last migration, `made_at` in seconds since 1970."""

    format: int
    appliance: str
    shape: int
    made_at: int
    model: str
    counts: Counts
    members: list[Member]

    @property
    def size_bytes(self) -> int:
        """What it unpacks to."""
        return sum(each.size_bytes for each in self.members)


def encoded(manifest: Manifest) -> tuple[bytes, str]:
    """The manifest as it is written, and its checksum."""
    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    return content, sha256(content).hexdigest()


def decoded(content: bytes) -> Manifest:
    """BackupRefused for what is not one, is of a later kind, or names what no backup has."""
    try:
        known = msgspec.json.decode(content, type=_OfAnyFormat)
        if known.format != FORMAT:
            raise BackupRefused(
                f"This backup is of kind {known.format}, made by appliance {known.appliance}; this "
                f"version reads kind {FORMAT}. Restore it with that version."
            )
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BackupRefused(_DAMAGED) from error
    names = [each.name for each in manifest.members]
    if names[:1] != [DATABASE] or len(set(names)) != len(names):
        raise BackupRefused(_DAMAGED)
    for each in manifest.members:
        is_known = _NAME.fullmatch(each.name) and _SHA256.fullmatch(each.sha256)
        if not is_known or not 0 <= each.size_bytes < 1 << 50:
            raise BackupRefused("This is no backup of an appliance: it names what none has.")
    return manifest


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


class _OfAnyFormat(msgspec.Struct, frozen=True):
    format: int
    appliance: str = "of a later version"
