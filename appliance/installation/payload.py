"""What is installed from: a checkout, or what a bundle or a package brought."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CarriedModel:
    """A model file that came along, under the name that it had where the bundle was made."""

    file: Path
    name: str


@dataclass(frozen=True, slots=True)
class Payload:
    """`wheels` is a folder with all packages, or None where they come from the index.

    `python` is the version that the wheels are for, `cpu` what a processor has to be able to do.
    """

    project: Path
    wheels: Path | None = None
    python: str | None = None
    cpu: tuple[str, ...] = ()
    models: tuple[CarriedModel, ...] = ()
