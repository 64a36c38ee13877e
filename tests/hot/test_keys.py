"""No part of the code makes up a key by itself."""

from pathlib import Path

from appliance.hot import keys

HOT = Path(keys.__file__).parent


def test_keys_are_made_in_one_file():
    for file in HOT.glob("*.py"):
        if file.name != "keys.py":
            assert keys.PREFIX not in file.read_text(), file.name


def test_different_things_have_different_keys():
    assert keys.window("a") != keys.token_stream("a")
    assert keys.window("a").startswith(keys.PREFIX)
    assert keys.token_stream("a").startswith(keys.PREFIX)
