"""appliance bundle: one signed file for machines without a network."""

from pathlib import Path

import click

from appliance.cli.errands import with_settings
from appliance.errors import ModelRefused
from appliance.installation.bundle.carried_installer import write_installer
from appliance.installation.bundle.debian_package import make_package
from appliance.installation.bundle.making import Ingredients, make_bundle
from appliance.installation.bundle.opening import first_member
from appliance.installation.bundle.signature import key_from, signed_hash
from appliance.installation.bundle.signing import DEFAULT_KEY, load_key, make_key, public_of
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_presets
from appliance.paths import PRESETS, ROOT
from appliance.settings import Settings

_KEY = click.option(
    "--key",
    type=click.Path(path_type=Path),
    default=DEFAULT_KEY,
    show_default=True,
    help="File of the key that signs.",
)
_LLAMA_WHEEL = click.option(
    "--llama-wheel",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A wheel of llama-cpp-python that was built before, instead of building it now.",
)
_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group()
def bundle() -> None:
    """Make and check the one file that installs the box where there is no network."""


@bundle.command("key")
@_KEY
def key_command(key: Path) -> None:
    """Make the key that bundles are signed with, once, and print its public half."""
    path = key.expanduser()
    made = public_of(load_key(path)) if path.exists() else make_key(path)
    click.echo(made.words)


@bundle.command()
@_FILE
@_KEY
@click.option("--model", "names", multiple=True, help="A model that is here, to be taken along.")
@_LLAMA_WHEEL
@with_settings
def create(
    settings: Settings, file: Path, key: Path, names: tuple[str, ...], llama_wheel: Path | None
) -> None:
    """Write FILE, and beside it FILE.installer, a program that installs it with nothing but Python.

    This fetches all packages and builds llama.cpp for every processor: a network, a C++ compiler
    and half an hour are needed.
    """
    signing = load_key(key.expanduser())
    models = _models(settings, names)
    target = file.expanduser().absolute()
    manifest = make_bundle(target, Ingredients(ROOT, models, llama_wheel), signing)
    installer = target.with_name(target.name + ".installer")
    write_installer(ROOT, installer)
    megabytes = target.stat().st_size / 1e6
    click.echo(
        f"{file} holds version {manifest.release} ({megabytes:.0f} MB, {len(manifest.files)} "
        f"files) for Python {manifest.python}. On the other machine, as root:"
    )
    words = public_of(signing).words
    click.echo(f"python3 {installer.name} install --bundle {target.name} --key {words}")


@bundle.command()
@click.argument("file", type=click.Path(path_type=Path), default="appliance.deb")
@_LLAMA_WHEEL
def debian(file: Path, llama_wheel: Path | None) -> None:
    """Write FILE as a Debian package instead; dpkg's own ways vouch for it, not a key."""
    target = file.expanduser().absolute()
    manifest = make_package(target, Ingredients(ROOT, {}, llama_wheel))
    click.echo(
        f"{file} holds version {manifest.release} ({target.stat().st_size / 1e6:.0f} MB). "
        f"On the other machine: apt install ./{target.name}"
    )


@bundle.command()
@_FILE
@click.option("--key", required=True, help="The public key that must have signed it.")
def verify(file: Path, key: str) -> None:
    """Check FILE down to its last byte, and say what it holds."""
    with file.open("rb") as opened:
        signed_hash(opened, file.name, key_from(key))
        manifest = first_member(opened)
    click.echo(
        f"{file} is what was signed: version {manifest.release} for {manifest.platform}, Python "
        f"{manifest.python}, with {len(manifest.files)} files."
    )


def _models(settings: Settings, names: tuple[str, ...]) -> dict[str, Path]:
    library = ModelLibrary(settings.model_dir, load_presets(PRESETS))
    found = {name: library.find(name) for name in names}
    for name, model in found.items():
        if model.adapters or model.adapter_of:
            raise ModelRefused(f"{name} comes with an adapter, which a bundle cannot hold yet.")
    # The one that comes inside a package comes with it.
    return {name: model.path for name, model in found.items() if not model.is_embedded}
