"""scripts/install, scripts/uninstall and scripts/update: what may be asked of them.

They run before there is any package, so this is argparse and not the product's own command line.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import ApplianceError, InstallationError
from appliance.installation.bundle.opening import brought_by_package, opened_bundle
from appliance.installation.install import Installer
from appliance.installation.machine import check_machine
from appliance.installation.one_at_a_time import held, is_held
from appliance.installation.payload import Payload
from appliance.installation.places import MACHINE, Places
from appliance.installation.project import release_of
from appliance.installation.recovery import Recovery
from appliance.installation.releases import running
from appliance.installation.services import AtBoot, NoServices, Services, Systemd
from appliance.installation.uninstall import WORD, uninstall
from appliance.installation.update import Updater

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str]) -> int:
    """The exit status; a refusal is one sentence on stderr."""
    command, *rest = arguments
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a lost connection must not leave the box stopped
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        words = _COMMANDS[command](rest)
    except ApplianceError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. Start it again, and it goes on where it stopped.", file=sys.stderr)
        return 130
    for line in words:
        print(line)
    return 0


def _install(arguments: list[str]) -> list[str]:
    parser = _parser("install", "Put the box onto this machine as a service.")
    _add_bundle(parser)
    given = parser.parse_args(arguments)
    with _payload(given) as payload:
        return _installer(given.root).install(payload)


def _update(arguments: list[str]) -> list[str]:
    parser = _parser("update", "Change the box to this version, or leave it as it is.")
    parser.add_argument(
        "--without-answer",
        action="store_true",
        help="also when the model gives no answer, because it gives none now either",
    )
    _add_bundle(parser)
    given = parser.parse_args(arguments)
    updater = Updater(_installer(given.root))
    with _payload(given) as payload:
        return updater.update(payload, without_answer=given.without_answer)


def _configure(arguments: list[str]) -> list[str]:
    """What a Debian package's script asks: install what it brought, or update to it."""
    parser = _parser("configure", "Put what a package brought in its place.")
    parser.add_argument("folder", type=Path, help="where the package has put it")
    given = parser.parse_args(arguments)
    payload = brought_by_package(given.folder)
    installer = _installer(given.root)
    found = running(installer.places)
    if found is None or found.name == release_of(payload.project):
        return installer.install(payload)
    return Updater(installer).update(payload)


def _recover(arguments: list[str]) -> list[str]:
    """At boot: an update that a power cut ended comes to its end before the box starts."""
    parser = _parser("recover", "Carry on with an update that was cut off.")
    given = parser.parse_args(arguments)
    places = Places(given.root)
    if is_held(places.lock):  # whoever updates now starts the box, and so us
        return []
    services = AtBoot() if places.is_machine else NoServices()
    with held(places.lock):
        return Recovery(Installer(places, services)).carry_on()


def _uninstall(arguments: list[str]) -> list[str]:
    parser = _parser("uninstall", "Take the box off this machine; what people said stays.")
    parser.add_argument(
        "--data",
        nargs="?",
        const="",
        metavar="WORD",
        help=f"delete what people said, too; asks for the word ({WORD}) unless it is given here",
    )
    given = parser.parse_args(arguments)
    word = given.data
    if word == "":
        print("Everything that anybody said on this box will be deleted, and cannot be had back.")
        word = input(f"Type the word {WORD} to delete it: ") if sys.stdin.isatty() else ""
    return uninstall(Places(given.root), _services(given.root), word)


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    bundle = parser.add_argument
    bundle("--bundle", type=Path, metavar="FILE", help="take it from a bundle; no network is used")
    bundle("--key", metavar="KEY", help="the public key, or its file, that must have signed it")


@contextmanager
def _payload(given: argparse.Namespace) -> Iterator[Payload]:
    if given.bundle is not None:
        places = Places(given.root)
        check_machine(places)
        with opened_bundle(places, given.bundle, given.key) as payload:
            yield payload
    elif PROJECT.is_dir():
        yield Payload(PROJECT)
    else:  # the installer that comes with a bundle
        raise InstallationError("Name the bundle that comes with this installer: --bundle FILE")


def _parser(name: str, what: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"scripts/{name}", description=what)
    parser.add_argument(
        *("--root", "-r"),
        type=lambda text: Path(text).absolute(),
        default=MACHINE,
        metavar="DIR",
        help="a folder that stands for the machine, to try it: nothing is started",
    )
    return parser


def _installer(root: Path) -> Installer:
    return Installer(Places(root), _services(root))


def _services(root: Path) -> Services:
    return Systemd() if root == MACHINE else NoServices()


_COMMANDS: dict[str, Callable[[list[str]], list[str]]] = {
    "install": _install,
    "update": _update,
    "recover": _recover,
    "configure": _configure,
    "uninstall": _uninstall,
}
