"""appliance model: which models are here, and how others come in."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from appliance.cli.model_tables import candidate_table, installed_table, recommended_table
from appliance.data_dir import running_pid
from appliance.errors import ModelError, ModelRefused
from appliance.model_files.box_memory import total_memory_gb
from appliance.model_files.library import ModelLibrary
from appliance.model_files.names import name_for, plain
from appliance.model_files.presets import load_known_templates, load_presets
from appliance.paths import PRESETS
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL

Command = Callable[..., None]


@click.group()
def model() -> None:
    """Show, add, pull, check, choose and remove models."""


def _with_settings(command: Command) -> Command:
    """Give the command `settings` instead of the options that they come from."""

    @click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
    @click.option(
        "--data", type=click.Path(path_type=Path), help="Directory for everything that is kept."
    )
    def with_settings(config: Path | None, data: Path | None, **given: Any) -> None:
        folder = data.expanduser().absolute() if data else None
        command(Settings.load(config, data_dir=folder), **given)

    with_settings.__name__, with_settings.__doc__ = command.__name__, command.__doc__
    return with_settings


def _with_library(command: Command) -> Command:
    """Give the command `library` and `current` instead of the settings they come from."""

    def with_library(settings: Settings, **given: Any) -> None:
        library = _library(settings)
        command(library, library.chosen(settings.model.name, DEFAULT_MODEL), **given)

    with_library.__name__, with_library.__doc__ = command.__name__, command.__doc__
    return _with_settings(with_library)


def _library(settings: Settings) -> ModelLibrary:
    return ModelLibrary(settings.model_dir, load_presets(PRESETS))


@model.command("list")
@click.option("--language", help="Recommend only models good in it: en, ko, ja, de ...")
@click.option("--memory", type=click.IntRange(1), help="Gigabytes of memory to recommend for.")
@_with_library
def list_models(
    library: ModelLibrary, current: str, language: str | None, memory: int | None
) -> None:
    """Show the models that are here, and recommend others."""
    console = Console()
    here = library.list()
    console.print(installed_table(here, current))
    for adapter in library.adapters():
        console.print(f"Adapter here: {adapter.name}, {adapter.size_bytes / 1e6:.0f} MB.")
    names = {found.name for found in here}
    advised = [
        preset
        for preset in library.presets.values()
        if preset.name not in names
        and (language is None or language.lower() in preset.languages)
        and (memory is None or preset.min_memory_gb <= memory)
    ]
    if advised:
        console.print(recommended_table(advised, memory or total_memory_gb()))
    else:
        console.print("No other model is recommended for that language and memory.")


@model.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it here; otherwise made of the file's name.")
@click.option("--yes", is_flag=True, help="Accept a chat template that is not known, unseen.")
@click.option("--adapter-of", metavar="NAME", help="It is a LoRA adapter for the model NAME.")
@_with_library
def add(
    library: ModelLibrary,
    current: str,
    path: Path,
    name: str | None,
    yes: bool,
    adapter_of: str | None,
) -> None:
    """Try the GGUF file PATH in a process of its own, and take it in."""
    if adapter_of is not None:
        _take_in_adapter(library, path, name or name_for(path.name), adapter_of)
        return
    _take_in(library, path, name or name_for(path.name), yes, source=str(path))


@model.command()
@click.argument("what", metavar="NAME|OWNER/REPOSITORY/FILE")
@click.option("--name", help="What to call it here; otherwise made of the file's name.")
@click.option("--yes", is_flag=True, help="Accept a chat template that is not known, unseen.")
@_with_library
def pull(library: ModelLibrary, current: str, what: str, name: str | None, yes: bool) -> None:
    """Fetch a model from the hub, on a connected machine; then as `add` does.

    The server itself never downloads anything.
    """
    # Late: only this command may reach the network, and the import takes a while.
    try:
        from appliance.model_files.pull import fetched, find_remote
    except ModuleNotFoundError as error:
        raise ModelError(
            f"Pulling needs the package {error.name}; install the appliance with its extra `pull`."
        ) from error

    remote = find_remote(what, library.presets)
    with fetched(remote, library.directory) as found:
        _take_in(
            library,
            found.path,
            name or remote.name,
            yes,
            source=remote.source,
            preset=remote.preset,
            published_sha256=found.sha256,
        )


@model.command()
@click.argument("name")
@_with_library
def verify(library: ModelLibrary, current: str, name: str) -> None:
    """Read the whole file of NAME and compare its sha256 with the one accepted."""
    found = library.verify(name)
    click.echo(f"{name} is intact: sha256 {found.sha256}.")


@model.command()
@click.argument("name")
@_with_settings
def use(settings: Settings, name: str) -> None:
    """Let NAME answer, from now on if the box runs, unless the settings name another."""
    library = _library(settings)
    library.use(name)
    click.echo(_what_follows(settings, library.chosen(settings.model.name, DEFAULT_MODEL), name))


def _what_follows(settings: Settings, chosen: str, name: str) -> str:
    """Tell the box that runs, if one does; a sentence for the person who chose."""
    if settings.engine.url is not None:
        return f"{name} answers when engine.url, by which another machine answers, is taken out."
    if chosen != name:
        return f"{name} answers when model.name, which the settings set to {chosen}, is taken out."
    pid = running_pid(settings.data_dir)
    if pid is None:
        return f"{name} answers from the next start on."
    try:
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        return (
            f"{name} is chosen, but the box that runs could not be told ({error.strerror}); "
            "start it again."
        )
    return (
        f"{name} answers as soon as the replies that are being written are done; the page shows "
        "how far it is."
    )


@model.command()
@click.argument("name")
@_with_library
def remove(library: ModelLibrary, current: str, name: str) -> None:
    """Forget NAME and delete its file."""
    gone = library.remove(name)
    click.echo(f"{name} is removed; {gone.size_bytes / 1e9:.2f} GB are free again.")
    if name == current:
        click.echo("It was the one that answers; choose another with `appliance model use NAME`.")


def _take_in_adapter(library: ModelLibrary, path: Path, name: str, base: str) -> None:
    # Late: numpy and gguf come with it.
    from appliance.model_files.adapters import add_adapter

    with Console().status(f"Trying {plain(name, 60)} on {plain(base, 60)}"):
        add_adapter(library, path, name, base)
    click.echo(
        f'{name} is here. Name it in models.toml under {base}: lora = [{{ file = "{name}" }}]; '
        "it counts from the next start on."
    )


def _take_in(library: ModelLibrary, path: Path, name: str, yes: bool, **origin: Any) -> None:
    # Late: numpy and gguf come with it.
    from appliance.model_files.adding import candidate

    console = Console()
    trial = candidate(library, path, name, load_known_templates(PRESETS), **origin)
    with ExitStack() as stack:
        with console.status(f"Trying {plain(name, 60)} in a process of its own"):
            tried = stack.enter_context(trial)
        console.print(candidate_table(tried))
        if not tried.report.template:
            console.print("The file brings no chat template; ChatML will be used.")
        if tried.known_template is None and not yes:
            console.print(
                "The chat template is a program that comes with the model. It ran within its "
                "limits, but is not on the list of those that have been read."
            )
            if not click.confirm("Accept it?"):
                raise ModelRefused(f"{name} was not added: its chat template was not accepted.")
        tried.accept(library)
    console.print(f"{name} is here. Let it answer with `appliance model use {name}`.")
