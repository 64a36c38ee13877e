"""Links that are made at the box lead other devices to it, too."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.network.authority import today
from appliance.network.box_names import BoxNames
from appliance.network.certificates import turn_on
from appliance.network.doorplate import Served, saying_what_is_served
from appliance.network.lan_address import LanAddress


@pytest.fixture
def names(tmp_path: Path) -> BoxNames:
    return BoxNames([], tmp_path, "box")


@pytest.fixture
def lan(tmp_path: Path, names: BoxNames) -> LanAddress:
    return LanAddress(tmp_path, names, has_certificate=False)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[None]:
    with saying_what_is_served(tmp_path, Served(8080)):
        yield


AT_THE_BOX = ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"]


@pytest.mark.parametrize("url", AT_THE_BOX)
def test_a_box_for_itself_alone_has_no_other_address(lan: LanAddress, url: str) -> None:
    assert lan.instead_of(url) == url.rstrip("/")


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("url", AT_THE_BOX)
def test_one_that_is_on_the_lan_has_its_name_there(lan: LanAddress, url: str) -> None:
    assert lan.instead_of(url) == "http://box.local:8080"


@pytest.mark.usefixtures("served")
def test_encrypted_where_it_is(lan: LanAddress, names: BoxNames, tmp_path: Path) -> None:
    turn_on(tmp_path, names, today())
    assert lan.instead_of("http://127.0.0.1:8080/") == "https://box.local:8080"
    assert lan.trust_url("https://box.local:8080") == "http://box.local:8080/trust"


def test_what_devices_know_already_needs_no_trust(
    lan: LanAddress, names: BoxNames, tmp_path: Path
) -> None:
    own = LanAddress(tmp_path, names, has_certificate=True)
    with saying_what_is_served(tmp_path, Served(8080)):
        assert own.instead_of("http://localhost:8080/") == "https://box.local:8080"
    assert own.trust_url("https://box.local:8080") == ""
    assert lan.trust_url("http://box.local:8080") == ""


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("url", ["https://box-2.local:8080/", "http://192.168.1.5:8080/"])
def test_an_address_that_others_know_stays(lan: LanAddress, url: str) -> None:
    assert lan.instead_of(url) == url.rstrip("/")
