"""requirements/*.txt hold all that pyproject.toml asks for, exactly and with checksums."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ]+)(?: ; .*?)?( \\\n    --hash=sha256:[0-9a-f]{64})+$", re.M)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(*names: str) -> dict[str, str]:
    found = {}
    for name in names:
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        found |= {match[1]: match[2] for match in PIN.finditer(text)}
        # Every line belongs to a package with a checksum, or is a comment.
        assert not PIN.sub("", re.sub(r"^#.*", "", text, flags=re.M)).strip()
    return found


RUN = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["pull"]]
TEST = [*RUN, *PROJECT["optional-dependencies"]["test"]]


@pytest.mark.parametrize(
    ("files", "requirements"),
    [(("run", "built"), RUN), (("run", "built", "test"), TEST)],
    ids=["run", "test"],
)
def test_every_requirement_is_locked_at_a_version_that_fits(
    files: tuple[str, ...], requirements: list[str]
) -> None:
    locked = pins(*files)
    for text in requirements:
        requirement = Requirement(text)
        version = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version, prereleases=True), text


def test_the_installed_versions_are_the_locked_ones() -> None:
    for name, version in pins("run", "built", "test").items():
        try:
            assert metadata.version(name) == version
        except metadata.PackageNotFoundError:
            continue  # a tool for building, or for another system


def test_torch_is_pinned_to_the_same_version_everywhere() -> None:
    (pinned,) = PROJECT["optional-dependencies"]["recall"]
    script = (ROOT / "scripts" / "set_up.sh").read_text(encoding="utf-8")
    assert f"\ntorch={pinned}\n" in script
    assert "torch" not in pins("run", "built", "test")
