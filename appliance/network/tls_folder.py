"""Where the box keeps its certificate authority and its certificate: `data_dir`/tls, for its owner
alone. Both keys are in there; a device's trust in the authority is worth what this folder is.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from appliance.errors import CertificateRefused
from appliance.model_files.atomic_file import write_atomically
from appliance.network.authority import Pair

_AUTHORITY, _AUTHORITY_KEY, _SERVER = "authority.pem", "authority.key", "server.pem"


class TlsFolder:
    """Files, and nothing about what they mean."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "tls"
        self.server = self.path / _SERVER
        """Key and certificates in one file, so that they are changed in one step."""

    @property
    def is_there(self) -> bool:
        """Whether TLS was turned on."""
        return (self.path / _AUTHORITY).is_file()

    def authority_certificate(self) -> bytes | None:
        """What devices are to trust; None when there is none."""
        try:
            return (self.path / _AUTHORITY).read_bytes()
        except OSError:
            return None

    def authority(self) -> Pair:
        """Raises CertificateRefused when it is not all there."""
        try:
            return Pair(
                (self.path / _AUTHORITY).read_bytes(), (self.path / _AUTHORITY_KEY).read_bytes()
            )
        except OSError as error:
            raise CertificateRefused(
                f"The certificate authority in {self.path} cannot be read: {error.strerror}. Make "
                "a new one with `appliance tls init --again`."
            ) from error

    def keep_authority(self, authority: Pair) -> None:
        """The key first: the certificate says that all is there. Raises CertificateRefused."""
        self._write(_AUTHORITY_KEY, authority.key)
        self._write(_AUTHORITY, authority.certificate)

    def keep_server(self, server: Pair) -> None:
        """Raises CertificateRefused when it cannot be written."""
        self._write(_SERVER, server.key + server.certificate)

    def forget_server(self) -> None:
        """The next one who looks makes a new one."""
        self.server.unlink(missing_ok=True)

    def remove(self) -> None:
        """All of it; the certificate first, so that what is left of a cut is not taken for it."""
        with suppress(FileNotFoundError):
            (self.path / _AUTHORITY).unlink()
        shutil.rmtree(self.path, ignore_errors=True)

    def _write(self, name: str, content: bytes) -> None:
        try:
            write_atomically(self.path / name, content)
        except OSError as error:
            raise CertificateRefused(
                f"{self.path / name} cannot be written: {error.strerror}. Make room on that disk "
                "and try again."
            ) from error
