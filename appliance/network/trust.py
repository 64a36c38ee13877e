"""What a device needs to come to trust this box."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import NotFound
from appliance.network.authority import Facts, as_der, facts_of
from appliance.network.box_names import BoxNames
from appliance.network.mobile_profile import mobile_profile
from appliance.network.tls_folder import TlsFolder
from appliance.sentences import say


@dataclass(frozen=True, slots=True)
class Authority:
    """The certificate authority, to be shown."""

    facts: Facts
    der: bytes


class Trust:
    """Read anew each time it is asked: `appliance tls` may have changed it."""

    def __init__(self, data_dir: Path, names: BoxNames, port: int) -> None:
        self._folder = TlsFolder(data_dir)
        self._names = names
        self._port = port

    @property
    def name(self) -> str:
        """The box's name on the LAN."""
        return self._names.on_lan

    @property
    def secure_url(self) -> str:
        """Where the box answers over TLS."""
        return f"https://{self.name}:{self._port}/"

    @property
    def help_url(self) -> str:
        """The page about trust, in plain, for a device that does not trust the box yet."""
        return f"http://{self.name}:{self._port}/trust"

    def authority(self) -> Authority | None:
        """None when TLS is not on, or the certificate is somebody else's."""
        pem = self._folder.authority_certificate()
        return Authority(facts_of(pem), as_der(pem)) if pem else None

    def certificate(self) -> bytes:
        """The authority's, as phones take it. Raises NotFound."""
        return self._there().der

    def profile(self, said: Callable[[str], str] = str) -> bytes:
        """The same for Apple's, in the words of who takes it. Raises NotFound."""
        return mobile_profile(self._there().der, self.name, said)

    def _there(self) -> Authority:
        authority = self.authority()
        if authority is None:
            raise NotFound(
                say(
                    "The box has no certificate authority of its own. Whoever looks after it can "
                    "make one with `appliance tls init`."
                )
            )
        return authority
