"""How the appliance is started here: the real one, or one with a constant or two changed."""

from pathlib import Path

from appliance_process import ApplianceProcess

_LAUNCHER = Path(__file__).with_name("launcher.py")


def start(folder: Path, *changes: str, reply_tokens: int, **environment: str) -> ApplianceProcess:
    """On a data directory inside `folder`; `changes` are options of launcher.py."""
    sockets = folder / "run"
    sockets.mkdir(exist_ok=True)
    return ApplianceProcess(
        folder / "data",
        # -P, so that the launcher's neighbours are not taken for modules of the same name.
        program=("-P", str(_LAUNCHER), *changes),
        APPLIANCE_LIMITS__REPLY_TOKENS=str(reply_tokens),
        # What a killed Valkey leaves behind goes with the folder.
        RUNTIME_DIRECTORY=str(sockets),
        **environment,
    )
