"""Where other devices reach the box, for links that are made at the box and opened elsewhere."""

from pathlib import Path
from urllib.parse import urlsplit

from appliance.network.addresses import LOOPBACK, is_among, parsed
from appliance.network.box_names import BoxNames
from appliance.network.doorplate import what_is_served
from appliance.network.tls_folder import TlsFolder


class LanAddress:
    """`has_certificate`: whether the settings name one."""

    def __init__(self, data_dir: Path, names: BoxNames, has_certificate: bool) -> None:
        self._data_dir = data_dir
        self._names = names
        self._has_certificate = has_certificate

    def instead_of(self, url: str) -> str:
        """The beginning of a link: as in `url`, unless that leads nowhere but to this machine while
        the box is served to others.
        """
        parts = urlsplit(url)
        host = parts.hostname or ""
        served = what_is_served(self._data_dir)
        if served is None or not (host == "localhost" or is_among(parsed(host), LOOPBACK)):
            return f"{parts.scheme}://{parts.netloc}"
        is_secure = self._has_certificate or TlsFolder(self._data_dir).is_there
        return f"{'https' if is_secure else 'http'}://{self._names.on_lan}:{served.port}"

    def trust_url(self, place: str) -> str:
        """Where a device comes to trust the box that it reaches there, in plain; empty where there
        is nothing to trust.
        """
        is_own = TlsFolder(self._data_dir).is_there and not self._has_certificate
        is_needed = is_own and place.startswith("https://")
        return f"http://{urlsplit(place).netloc}/trust" if is_needed else ""
