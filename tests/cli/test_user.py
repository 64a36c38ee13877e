"""appliance setup and appliance user, on a box that runs and on one that does not."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from appliance_process import UnpreparedProcess
from signed_in import COOKIES, prepare

from appliance.accounts.account import AccountRole

# No model is needed for any of this, and none makes the start quick.
NO_MODEL = ("--model", "no-such-model")


def run(data: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "appliance", *arguments, "--data", str(data)],
        env={**os.environ, "APPLIANCE_CONFIG": "", "APPLIANCE_HOT__EMBEDDED": "false"},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def said(data: Path, *arguments: str, stdin: str = "") -> str:
    """What it prints, when it does what it is asked."""
    done = run(data, *arguments, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def refused(data: Path, *arguments: str) -> str:
    """Its sentence, when it does not."""
    done = run(data, *arguments)
    assert done.returncode == 1 and done.stdout == "", done
    return done.stderr.strip()


@pytest.fixture(params=["runs", "does not run"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The data of a box with one admin, named me."""
    directory = tmp_path / "data"
    prepare(directory, role=AccountRole.ADMIN)
    if request.param == "does not run":
        yield directory
        return
    environment = {"APPLIANCE_HOT__EMBEDDED": "false"}
    with UnpreparedProcess(directory, *NO_MODEL, **environment):
        yield directory


def test_accounts_are_made_changed_and_removed(data: Path) -> None:
    made = said(data, "user", "add", "Ben")
    assert re.search(r"Ben chooses a password here.*http://\S+/resets/\S{43}\n", made)
    assert said(data, "user", "role", "ben", "admin") == "Ben is admin now.\n"
    assert "disabled" in said(data, "user", "disable", "Ben")
    assert said(data, "user", "list") == "me  (admin)\nBen  (admin, disabled)\n"
    assert refused(data, "user", "disable", "me").startswith("Nobody else could look after the box")
    assert "The account Ben is gone" in said(data, "user", "remove", "Ben", stdin="Ben\n")
    assert said(data, "user", "list") == "me  (admin)\n"


def test_what_cannot_be_done_is_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert refused(data, "user", "list").startswith("There is no box in")
    prepare(data, role=AccountRole.ADMIN)
    assert refused(data, "user", "add", "a\u202eb").startswith("The name holds a character")
    assert refused(data, "user", "enable", "nobody") == "There is no such account."
    assert refused(data, "setup").startswith("This box is set up already")


def test_whose_data_is_meant_is_asked_when_there_are_several(data: Path, tmp_path: Path) -> None:
    said(data, "person", "export", str(tmp_path / "one.zip"))
    said(data, "user", "add", "Ben")
    words = refused(data, "person", "export", str(tmp_path / "whose.zip"))
    assert words.endswith("say whose with --person (me, Ben).")
    assert not (tmp_path / "whose.zip").exists()
    said(data, "person", "export", str(tmp_path / "bens.zip"), "--person", "ben")
    assert (tmp_path / "bens.zip").exists()


def test_a_new_box_says_its_setup_link_and_works_when_it_is_used(tmp_path: Path) -> None:
    data = tmp_path / "data"
    before = said(data, "setup")
    environment = {"APPLIANCE_HOT__EMBEDDED": "false"}
    with UnpreparedProcess(data, *NO_MODEL, **environment) as box:
        link = box.wait_for(r"Set up the box: (http://\S+)")
        assert said(data, "setup") == f"Set up the box: {link}\n"
        assert before.rsplit("/", 1)[1].strip() == link.rsplit("/", 1)[1]
        assert refused(data, "user", "add", "Ben").startswith("This box is not set up yet")
        with httpx.Client(base_url=box.url, cookies=COOKIES) as browser:
            assert browser.get("/").headers["location"] == "/setup"
            token = re.findall(r'_csrf_token" value="([^"]+)"', browser.get(link).text)[0]
            form = {"_csrf_token": token, "name": "Ann", "password": "four words and a half"}
            assert browser.post(link, data=form).headers["location"] == "/welcome"
            assert browser.get("/").status_code == 200
            assert browser.get(link).status_code == 404
        assert said(data, "user", "list") == "Ann  (admin)\n"
        # The link of the setup is printed on purpose; nothing else of it is.
        assert "four words" not in box.log
        box.stop()
        assert box.count("Set up the box") == 1
