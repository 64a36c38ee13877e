"""The key that bundles are signed with: made once, and kept where bundles are made."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from appliance.errors import InstallationError
from appliance.installation.bundle.signature import SIZE, PublicKey, Signature, hash_of
from appliance.installation.whole_files import sync_file, write_whole

DEFAULT_KEY = Path("~/.config/appliance/bundle.key")
_ID_BYTES = 8


def make_key(path: Path) -> PublicKey:
    """A new one. Raises InstallationError when there is one already."""
    if path.exists():
        raise InstallationError(
            f"There is a key in {path} already, and bundles are trusted because of it. Move it "
            "away first if you want another one."
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Ed25519PrivateKey.generate()
    write_whole(path, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    return public_of(made)


def load_key(path: Path) -> Ed25519PrivateKey:
    """Raises InstallationError for a file that is none, or that others can read."""
    try:
        if path.stat().st_mode & 0o077:
            raise InstallationError(f"{path} can be read by others: chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), None)
    except FileNotFoundError:
        raise InstallationError(
            f"There is no key in {path} yet: make one with `appliance bundle key`."
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise InstallationError(f"The key {path} cannot be read: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InstallationError(f"{path} is a key of another kind.")
    return key


def public_of(key: Ed25519PrivateKey) -> PublicKey:
    """The half that everybody may know; its name is made from it."""
    raw = key.public_key().public_bytes_raw()
    return PublicKey(raw[:_ID_BYTES][::-1], raw)


def sign(file: Path, key: Ed25519PrivateKey, comment: str) -> None:
    """Put the signature behind all that the file holds. `comment` is signed, too."""
    with file.open("r+b") as bundle:
        size = bundle.seek(0, os.SEEK_END)
        signature = key.sign(hash_of(bundle, size))
        both = key.sign(signature + comment.encode())
        trailer = Signature(public_of(key).key_id, signature, comment, both).rendered()
        assert len(trailer) == SIZE
        bundle.seek(size)
        bundle.write(trailer)
    sync_file(file)
