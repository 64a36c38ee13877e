"""What a browser says of itself, in known words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.accounts.account import Device
from appliance.accounts.devices import _BROWSERS, _SYSTEMS, device_of

SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140"
FIREFOX = "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


@pytest.mark.parametrize(
    ("said", "device"),
    [
        (SAFARI, Device("Safari", "iPhone")),
        (EDGE, Device("Edge", "Windows")),
        (FIREFOX, Device("Firefox", "Android")),
        ("curl/8.0", Device()),
        ("", Device()),
    ],
)
def test_a_browser_is_known_by_its_words(said: str, device: Device) -> None:
    assert device_of(said) == device


@given(st.text())
def test_only_our_own_words_come_out(said: str) -> None:
    device = device_of(said)
    assert device.browser in {"", *_BROWSERS.values()} and device.system in {"", *_SYSTEMS.values()}
