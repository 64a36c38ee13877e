"""The last bytes of a bundle: a signature over all bytes before them, as minisign writes it.

So `minisign` itself can check a bundle, too; the README says how. minisign signs the BLAKE2b-512
hash of a file, and then signature and comment once more, so that the comment cannot be changed.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from appliance.errors import BundleRefused, InstallationError
from appliance.installation.bundle.ed25519 import is_signed

SIZE = 512
"""Of the signature with its comments, filled up with line ends."""
_UNTRUSTED = "untrusted comment: signature of an appliance bundle"
_TRUSTED = "trusted comment: "
_KEY_COMMENT = "untrusted comment: appliance bundle key"
_HASHED = b"ED"
_KEY_KIND = b"Ed"

CHANGED = (
    "{file} is not what was signed: it was changed or cut short on its way. Nothing of it was "
    "unpacked; copy it here again."
)
OF_ANOTHER = (
    "{file} is signed with the key {its}, and bundles for this machine are signed with {ours}. "
    "Nothing of it was unpacked. If you trust the other key, name it with --key."
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`key_id` names it; the other 32 bytes are Ed25519's."""

    key_id: bytes
    key: bytes

    @property
    def words(self) -> str:
        """As minisign prints it, and as it is given on the command line."""
        return base64.b64encode(_KEY_KIND + self.key_id + self.key).decode()

    @property
    def file(self) -> bytes:
        """The same as a file that minisign reads."""
        return f"{_KEY_COMMENT}\n{self.words}\n".encode()


def public_key(text: str) -> PublicKey:
    """From its words, or a file's content. Raises InstallationError."""
    lines = [line for line in text.split("\n") if line and not line.startswith("untrusted ")]
    raw = _decoded(lines[0].strip()) if len(lines) == 1 else None
    if raw is None or len(raw) != 42 or raw[:2] != _KEY_KIND:
        raise InstallationError(
            "That is no key of a bundle: it begins with RW and has 56 signs; `appliance bundle "
            "key` prints it where the bundle was made."
        )
    return PublicKey(raw[2:10], raw[10:])


def key_from(words_or_file: str) -> PublicKey:
    """What was given on the command line. Raises InstallationError."""
    path = Path(words_or_file)
    try:
        return public_key(path.read_text() if path.is_file() else words_or_file)
    except (OSError, UnicodeDecodeError) as error:
        raise InstallationError(f"The key file {path} cannot be read.") from error


@dataclass(frozen=True, slots=True)
class Signature:
    """What stands at the end of a bundle."""

    key_id: bytes
    signature: bytes
    comment: str
    global_signature: bytes

    def rendered(self) -> bytes:
        """Exactly as it stands there."""
        first = base64.b64encode(_HASHED + self.key_id + self.signature).decode()
        second = base64.b64encode(self.global_signature).decode()
        text = f"{_UNTRUSTED}\n{first}\n{_TRUSTED}{self.comment}\n{second}\n"
        return text.encode().ljust(SIZE, b"\n")


def read_signature(trailer: bytes) -> Signature | None:
    """None when it is not written as we write it, down to the last byte."""
    try:
        _, first, trusted, second = trailer.decode("ascii").rstrip("\n").split("\n")
    except (UnicodeDecodeError, ValueError):
        return None
    raw, signed = _decoded(first), _decoded(second)
    if raw is None or signed is None or len(raw) != 74 or not trusted.startswith(_TRUSTED):
        return None
    found = Signature(raw[2:10], raw[10:], trusted.removeprefix(_TRUSTED), signed)
    return found if found.rendered() == trailer else None


def signed_hash(file: BinaryIO, name: str, key: PublicKey) -> bytes:
    """The hash of all before the signature, which is good and the key's. Raises BundleRefused."""
    size = file.seek(0, 2)
    if size <= SIZE:
        raise BundleRefused(CHANGED.format(file=name))
    file.seek(size - SIZE)
    found = read_signature(file.read(SIZE))
    if found is None:
        raise BundleRefused(CHANGED.format(file=name))
    if found.key_id != key.key_id:
        its, ours = found.key_id.hex().upper(), key.key_id.hex().upper()
        raise BundleRefused(OF_ANOTHER.format(file=name, its=its, ours=ours))
    digest = hash_of(file, size - SIZE)
    comment = found.signature + found.comment.encode()
    if not is_signed(key.key, digest, found.signature) or not is_signed(
        key.key, comment, found.global_signature
    ):
        raise BundleRefused(CHANGED.format(file=name))
    return digest


def hash_of(file: BinaryIO, length: int) -> bytes:
    """BLAKE2b of that many bytes from the start."""
    file.seek(0)
    digest, left = blake2b(), length
    while left and (piece := file.read(min(left, 1 << 20))):
        digest.update(piece)
        left -= len(piece)
    return digest.digest()


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
