"""Files of others are exactly those that were taken, and nobody slips one in."""

import hashlib
import tomllib

import pytest

from appliance.paths import STATIC

VENDOR = STATIC / "vendor"
PACKAGES = tomllib.loads((VENDOR / "VENDORED.toml").read_text())["package"]
CHECKSUMS = {name: sha256 for each in PACKAGES for name, sha256 in each["sha256"].items()}


@pytest.mark.parametrize("name", sorted(CHECKSUMS))
def test_a_vendored_file_is_what_was_taken(name):
    assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == CHECKSUMS[name]


def test_nothing_else_lies_among_them():
    assert {path.name for path in VENDOR.iterdir()} == {*CHECKSUMS, "VENDORED.toml"}


def test_each_says_its_version_its_source_and_its_licence():
    for each in PACKAGES:
        assert each["version"] and each["source"].startswith("https://")
        assert each["licence"] and (VENDOR / each["licence_file"]).is_file()


def test_htmx_is_of_the_version_that_is_recorded():
    (htmx,) = (each for each in PACKAGES if each["name"] == "htmx.org")
    assert f'"{htmx["version"]}"' in (VENDOR / "htmx.min.js").read_text().replace("'", '"')
