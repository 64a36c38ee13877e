"""Where settings come from: TOML files, variables, systemd credentials, the command line.

Each source becomes a layer: flat names (`server.port`) with their values, and words for where
they stand. A later layer wins. Names that do not exist are refused here, with the nearest real one.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    SecretsSettingsSource,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as SourceError

from appliance.errors import SettingsError

PREFIX = "APPLIANCE_"
CONFIG_VARIABLE = "APPLIANCE_CONFIG"
# Both are read if they are there; what a person sets for themselves wins over the machine's file.
DEFAULT_FILES = ("/etc/appliance/appliance.toml", "~/.config/appliance/appliance.toml")


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source by flat name; `place` says in words where they stand."""

    place: str
    values: Mapping[str, Any]
    in_variables: bool = False

    def spell(self, name: str) -> str:
        """The name as a person writes it in this source."""
        return variable_of(name) if self.in_variables else name

    def source_of(self, name: str) -> str:
        """Words for the place where this layer got that setting."""
        return f"variable {variable_of(name)}" if self.in_variables else self.place


def variable_of(name: str) -> str:
    """The variable that sets this setting: `server.port` is APPLIANCE_SERVER__PORT."""
    return PREFIX + name.replace(".", "__").upper()


def read_layers(
    model: type[BaseSettings], toml_path: Path | None, overrides: Mapping[str, Any]
) -> list[Layer]:
    """All sources that are there, the weakest first."""
    layers = [_read_toml(model, path) for path in settings_files(toml_path)]
    try:
        variables = EnvSettingsSource(model)()
    except SourceError:
        # A whole section as one variable; refuse_unknown names it.
        variables = {}
    # Also those that the source above passes over because no setting has their name.
    named = {
        variable.upper().removeprefix(PREFIX).replace("__", ".").lower(): None
        for variable in os.environ
        if variable.upper().startswith(PREFIX) and variable.upper() != CONFIG_VARIABLE
    }
    layers.append(Layer("environment", named | dict(_flat(variables)), in_variables=True))
    layers.append(Layer("credentials", dict(_flat(_read_credentials(model)))))
    given = {name: value for name, value in _flat(overrides) if value is not None}
    layers.append(Layer("command line", given))
    return layers


def refuse_unknown(layers: list[Layer], known: set[str], sections: set[str]) -> None:
    """Raise SettingsError for the first name that no setting has."""
    for layer in layers:
        for name, value in layer.values.items():
            if name in known or (name in sections and value == {}):
                continue
            near = layer.spell(_nearest(name, known))
            if name in sections:
                raise SettingsError(
                    f"{layer.spell(name)} (from {layer.place}) is a whole section: "
                    f"set its settings one by one, such as {near}."
                )
            raise SettingsError(
                f"There is no setting {layer.spell(name)} (from {layer.place}); "
                f"did you mean {near}?"
            )


def join(layers: list[Layer]) -> dict[str, Any]:
    """One nested mapping, in which the later layer wins."""
    joined: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.values.items():
            *sections, last = name.split(".")
            inner = joined
            for section in sections:
                inner = inner.setdefault(section, {})
            if value == {}:
                inner.setdefault(last, {})  # an empty [section] changes nothing
            else:
                inner[last] = value
    return joined


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _nearest(name: str, known: set[str]) -> str:
    names = sorted(known)
    same_ending = [each for each in names if each.split(".")[-1] == name.split(".")[-1]]
    inside = [each for each in names if each.startswith(f"{name}.")]
    return (difflib.get_close_matches(name, same_ending or inside or names, 1, 0.0) or names)[0]


def settings_files(toml_path: Path | None = None) -> list[Path]:
    """Those that are read, the strongest last. Raises SettingsError."""
    named = toml_path or os.environ.get(CONFIG_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError(f"There is no settings file {path}; name one that exists.")
        return [path]
    found = []
    for default in DEFAULT_FILES:
        try:
            path = Path(default).expanduser()
            found += [path] if path.is_file() else []
        except (OSError, RuntimeError):
            continue  # a folder that is closed to us, or no home: then there is no file for us
    return found


def _read_toml(model: type[BaseSettings], path: Path) -> Layer:
    try:
        values = TomlConfigSettingsSource(model, path)()
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The settings file {path} is not valid TOML: {error}.") from None
    except UnicodeDecodeError:
        raise SettingsError(
            f"The settings file {path} is not UTF-8 text; save it as such."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}; check its permissions."
        ) from None
    return Layer(str(path), dict(_flat(values)))


def _read_credentials(model: type[BaseSettings]) -> dict[str, Any]:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return {}
    try:
        files = SecretsSettingsSource(model, secrets_dir=folder)
        return NestedSecretsSettingsSource(
            files, secrets_dir_missing="error", secrets_prefix="", secrets_nested_delimiter="."
        )()
    except (OSError, UnicodeDecodeError, SourceError):
        raise SettingsError(
            f"The credentials in {folder} cannot be read as UTF-8 text; check what the unit loads."
        ) from None
