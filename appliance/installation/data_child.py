"""Run by an installation with the program of a version, as the box's own user:

    python -I -m appliance.installation.data_child keep DATA NAME
                                                   copy DATA NAME
                                                   look DATA NAME
                                                   put-back DATA NAME
                                                   forget DATA NAME

NAME is a folder in DATA/updates. The last line of what it prints is JSON.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from appliance.errors import ApplianceError, InstallationError
from appliance.installation.kept_data import keep, kept_in, now, put_back
from appliance.installation.whole_files import remove

_DISK = "The disk of {data} failed: {reason}. Free some space there or see to it, then try again."


def main(verb: str, data: Path, name: str) -> dict[str, object]:
    """Do it; what to say of it. Raises ApplianceError."""
    folder = data / "updates" / name
    if folder.parent != data / "updates":
        raise InstallationError(f"{name!r} is no name of a folder.")
    try:
        match verb:
            case "keep" | "copy":
                return asdict(keep(data, folder, with_files=verb == "keep"))
            case "look":
                return {"kept": asdict(kept_in(folder)), "now": asdict(now(data))}
            case "put-back":
                put_back(data, folder)
            case "forget":
                remove(folder)
                remove(folder.with_name(f".{name}.new"))
    except OSError as error:
        raise InstallationError(_DISK.format(data=data, reason=error.strerror)) from error
    return {}


if __name__ == "__main__":
    try:
        print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])))
    except ApplianceError as error:
        sys.exit(str(error))
