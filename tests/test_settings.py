import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from appliance.cli.settings import settings as settings_command
from appliance.errors import SettingsError
from appliance.settings import Settings, describe, fields_of


@pytest.fixture(autouse=True)
def nothing_set_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home without settings, and no variable of ours."""
    for name in [name for name in os.environ if name.upper().startswith("APPLIANCE_")]:
        monkeypatch.delenv(name)
    for name in ("STATE_DIRECTORY", "XDG_DATA_HOME", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        "appliance.settings_sources.DEFAULT_FILES",
        (str(tmp_path / "etc.toml"), "~/.config/appliance/appliance.toml"),
    )


@pytest.fixture
def toml(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "appliance.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    def write(**files: str) -> None:
        folder = tmp_path / "credentials"
        folder.mkdir()
        for name, text in files.items():
            (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))

    return write


def refusal(toml_path: Path | None = None, **overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(toml_path, **overrides)
    assert caught.value.__cause__ is None  # the original error would show the values
    return str(caught.value)


def source_of(settings: Settings, name: str) -> str:
    return next(row.source for row in describe(settings) if row.name == name)


def test_nothing_set_means_the_defaults(tmp_path: Path) -> None:
    settings = Settings.load()
    assert settings.server.host == "127.0.0.1"
    assert settings.server.port == 8080
    assert settings.engine.threads is None
    assert settings.data_dir == tmp_path / "home/.local/share/appliance"
    assert settings.model_dir == settings.data_dir / "models"
    assert {row.source for row in describe(settings)} == {"default"}


def test_each_source_is_stronger_than_the_one_before(toml, credentials, monkeypatch) -> None:
    path = toml("[server]\nport = 1\n")
    assert Settings.load(path).server.port == 1
    monkeypatch.setenv("APPLIANCE_SERVER__PORT", "2")
    assert Settings.load(path).server.port == 2
    credentials(server__port="3\n")
    settings = Settings.load(path)
    assert (settings.server.port, source_of(settings, "server.port")) == (3, "credentials")
    settings = Settings.load(path, server={"port": 4})
    assert (settings.server.port, source_of(settings, "server.port")) == (4, "command line")
    assert Settings.load(path, **{"server.port": 5}).server.port == 5


def test_an_option_that_was_not_given_changes_nothing(toml) -> None:
    assert Settings.load(toml("[server]\nport = 1\n"), **{"server.port": None}).server.port == 1


def test_a_person_s_file_wins_over_the_machine_s_and_both_are_read(tmp_path: Path) -> None:
    (tmp_path / "etc.toml").write_text("[server]\nport = 1\n[log]\nlevel = 'error'\n")
    own = tmp_path / "home/.config/appliance/appliance.toml"
    own.parent.mkdir(parents=True)
    own.write_text("[server]\nport = 2\n")
    settings = Settings.load()
    assert (settings.server.port, source_of(settings, "server.port")) == (2, str(own))
    assert (settings.log.level, source_of(settings, "log.level")) == (
        "error",
        str(tmp_path / "etc.toml"),
    )


def test_a_variable_names_the_only_file(toml, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "etc.toml").write_text("[log]\nlevel = 'error'\n")
    monkeypatch.setenv("APPLIANCE_CONFIG", str(toml("[server]\nport = 1\n")))
    assert Settings.load().server.port == 1
    assert Settings.load().log.level == "info"


def test_a_named_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    assert "There is no settings file" in refusal(tmp_path / "nothing.toml")


def test_broken_toml_names_file_and_line(toml) -> None:
    sentence = refusal(toml("[server]\nport = \n"))
    assert "appliance.toml" in sentence
    assert "line 2" in sentence


def test_toml_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "appliance.toml"
    path.write_bytes(b"[assistant]\nsystem_prompt = '\xff'\n")
    assert "is not UTF-8" in refusal(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[server]\nport = 99999", ["server.port", "99999", "from 0 to 65535"]),
        ("[server]\nport = true", ["server.port", "True", "from 0 to 65535"]),
        ("[server]\nport = 'x'", ["server.port", "'x'", "from 0 to 65535"]),
        ("[engine]\nurl = 'bigbox:8000'", ["engine.url", "no address of a server", "/v1"]),
        ("[engine]\nurl = 'ftp://bigbox/v1'", ["engine.url", "no address of a server"]),
        ("[engine]\nurl = 'http://bigbox:x/v1'", ["engine.url", "no address of a server"]),
        ("[engine]\nurl = 'http://a:b@bigbox/v1'", ["engine.url", "belongs into engine.url_key"]),
        ("[engine]\nurl = 'http://bigbox/v1?x=y'", ["engine.url", "nothing follows the path"]),
        ("[engine]\nurl_context_tokens = 1", ["engine.url_context_tokens", "from 256 to"]),
        ("[engine]\nslots = 0", ["engine.slots", "0", "from 1 to 64"]),
        ("[engine]\nslots = 1.5", ["engine.slots", "1.5", "from 1 to 64"]),
        ("[engine]\nthreads = 0", ["engine.threads", "from 1 to 512"]),
        ("[engine]\nstep_ms = 10", ["engine.step_ms", "10", "from 20 to 5000"]),
        ("[engine]\nkv_type = 'q4_0'", ["engine.kv_type", "'q4_0'", "f16 or q8_0"]),
        ("[limits]\ncontext_full = 'cut'", ["limits.context_full", "'cut'", "shift or stop"]),
        ("[log]\nlevel = 'loud'", ["log.level", "'loud'", "debug, info, warning or error"]),
        ("[model]\nname = '../x'", ["model.name", "'../x'", "a model name"]),
        ("[server]\nnames = ['*']", ["server.names", "'*'", "host names"]),
        ("[server]\nnames = ['http://a']", ["server.names", "host names"]),
        ("[server]\nnames = 5", ["server.names", "host names"]),
        ("[hot]\nembedded = 'perhaps'", ["hot.embedded", "'perhaps'", "true or false"]),
        ("data_dir = {}", ["data_dir", "path of a folder"]),
        ("data_dir = ''", ["data_dir", "path of a folder"]),
        ('data_dir = "a\\u0000b"', ["data_dir", "path of a folder"]),
        ("[engine]\ncontext_tokens = 20000", ["engine.context_tokens", "engine.kv_tokens"]),
        ("[engine]\nbatch_tokens = 32\nslots = 17", ["engine.batch_tokens", "least 34"]),
    ],
)
def test_a_wrong_value_is_refused_with_name_value_and_what_is_allowed(
    toml, text: str, words: list[str]
) -> None:
    sentence = refusal(toml(text))
    assert all(word in sentence for word in words), sentence
    assert "\n" not in sentence


def test_all_wrong_values_are_named_at_once(toml) -> None:
    assert len(refusal(toml("[engine]\nslots = 0\nthreads = 'x'\n")).splitlines()) == 2


@pytest.mark.parametrize("host", ["box.lan", "", "127.0.0.1:80", "192.168.1", "*"])
def test_what_is_no_address_cannot_be_listened_on(host: str) -> None:
    assert "that is no address" in refusal(server={"host": host})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2", "::1", "localhost", "::", "192.168.1.5"]
)
def test_addresses_of_machines_are_fine(host: str) -> None:
    assert Settings.load(server={"host": host}).server.host == host


def test_networks_are_written_as_a_list_or_with_commas(toml, monkeypatch) -> None:
    path = toml("[server]\npublic = ['100.64.0.0/10', '203.0.113.4']\n")
    assert [str(each) for each in Settings.load(path).server.public] == [
        "100.64.0.0/10",
        "203.0.113.4/32",
    ]
    monkeypatch.setenv("APPLIANCE_SERVER__PROXIES", "10.0.0.2, fd00::/8")
    assert [str(each) for each in Settings.load().server.proxies] == ["10.0.0.2/32", "fd00::/8"]


@pytest.mark.parametrize("wrong", ["everybody", "10.0.0.1/8", "10.0.0.0/33", "box.lan"])
def test_what_is_no_network_is_refused(wrong: str) -> None:
    sentence = refusal(server={"public": [wrong]})
    assert "server.public" in sentence and "such as 100.64.0.0/10" in sentence


def test_a_certificate_is_named_with_its_key(toml) -> None:
    sentence = refusal(toml("[server]\ncertificate = '/etc/box.pem'\n"))
    assert "server.certificate and server.certificate_key are set together" in sentence


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("[server]\nprot = 1", "server.port"),
        ("[servr]\nport = 1", "server.port"),
        ("port = 1", "server.port"),
        ("[server.port]\nx = 1", "server.port"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_real_one(toml, text, suggestion) -> None:
    sentence = refusal(toml(text))
    assert "There is no setting" in sentence
    assert f"did you mean {suggestion}?" in sentence


@pytest.mark.parametrize(
    ("variable", "suggestion"),
    [
        ("APPLIANCE_PORT", "APPLIANCE_SERVER__PORT"),
        ("APPLIANCE_SERVER_PORT", "APPLIANCE_SERVER__PORT"),
        ("APPLIANCE_SERVER__PRT", "APPLIANCE_SERVER__PORT"),
        ("APPLIANCE_DATADIR", "APPLIANCE_DATA_DIR"),
    ],
)
def test_an_unknown_variable_is_refused_too(monkeypatch, variable: str, suggestion: str) -> None:
    monkeypatch.setenv(variable, "1")
    assert f"There is no setting {variable}" in (sentence := refusal())
    assert f"did you mean {suggestion}?" in sentence


def test_an_unknown_override_is_refused_too() -> None:
    assert "did you mean server.port?" in refusal(server={"prt": 1})


@pytest.mark.parametrize("text", ["server = 5", "server = 'x'"])
def test_a_section_cannot_be_a_value(toml, text: str) -> None:
    assert "whole section" in refusal(toml(text))


def test_a_section_cannot_be_one_variable(monkeypatch) -> None:
    monkeypatch.setenv("APPLIANCE_SERVER", '{"port": 1}')
    assert "APPLIANCE_SERVER" in (sentence := refusal())
    assert "one by one" in sentence


def test_an_empty_section_is_fine(toml) -> None:
    assert Settings.load(toml("[server]\n")).server.port == 8080


def test_host_names_come_as_a_list_or_with_commas(toml, monkeypatch) -> None:
    assert Settings.load(toml("[server]\nnames = ['Box.lan']")).server.names == ["box.lan"]
    monkeypatch.setenv("APPLIANCE_SERVER__NAMES", "box.lan, box.local,10.0.0.5")
    assert Settings.load().server.names == ["box.lan", "box.local", "10.0.0.5"]


def test_a_path_starts_at_home_with_a_tilde(toml, tmp_path: Path) -> None:
    assert Settings.load(toml("data_dir = '~/box'")).data_dir == tmp_path / "home/box"


def test_systemd_s_state_folder_is_the_default(monkeypatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/appliance:/var/lib/other")
    assert Settings.load().data_dir == Path("/var/lib/appliance")


def test_a_relative_xdg_folder_is_ignored(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "somewhere")
    assert Settings.load().data_dir == tmp_path / "home/.local/share/appliance"
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert Settings.load().data_dir == Path("/somewhere/appliance")


SECRET = "redis://:hunter2@localhost:6379/0"


def test_a_secret_never_shows(credentials) -> None:
    credentials(hot__url=SECRET + "\n")
    settings = Settings.load()
    assert settings.hot.url is not None
    assert settings.hot.url.get_secret_value() == SECRET
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in str(describe(settings))


@pytest.mark.parametrize(
    "wrong", ["http://hunter2", "hunter2", "redis://:hunter2@", "unix:hunter2"]
)
def test_a_wrong_secret_is_refused_without_showing_it(credentials, wrong: str) -> None:
    credentials(hot__url=wrong)
    sentence = refusal()
    assert "hot.url" in sentence
    assert "redis://host:port/number" in sentence
    assert "hunter2" not in sentence


def test_a_secret_of_the_wrong_type_is_not_shown_either(toml) -> None:
    assert "4711" not in refusal(toml("[hot]\nurl = 4711\n"))


def test_a_wrong_credential_name_is_refused_without_its_value(credentials) -> None:
    credentials(hot__ur="hunter2")
    assert "did you mean hot.url?" in (sentence := refusal())
    assert "hunter2" not in sentence


def test_a_credential_that_is_no_text_is_refused(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "hot.url").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "cannot be read" in refusal()


def test_every_setting_has_a_help_and_says_what_is_allowed() -> None:
    for name, field in fields_of(Settings):
        assert field.description, name
        assert isinstance(field.json_schema_extra, dict) and field.json_schema_extra["allowed"], (
            name
        )


def test_settings_made_directly_read_nothing_from_outside(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("APPLIANCE_SERVER__PORT", "1")
    assert Settings(data_dir=tmp_path).server.port == 8080


def test_the_command_prints_each_setting_in_a_pipe(credentials) -> None:
    credentials(hot__url=SECRET)
    printed = CliRunner().invoke(settings_command, [], catch_exceptions=False).output
    for row in describe(Settings.load()):
        assert f"{row.name} = {row.value}\n    {row.help}\n" in printed
    assert "hunter2" not in printed


def test_the_command_prints_json() -> None:
    printed = CliRunner().invoke(settings_command, ["--json"], catch_exceptions=False).output
    rows = {row["name"]: row for row in json.loads(printed)}
    assert rows["server.port"] == {
        "name": "server.port",
        "value": "8080",
        "default": "8080",
        "source": "default",
        "help": "Port to listen on; 0 takes any free one.",
    }


def test_the_address_of_a_bigger_machine_is_kept_without_its_last_slash(toml) -> None:
    assert Settings.load(toml("[engine]\nurl = 'http://bigbox:8000/v1/'")).engine.url == (
        "http://bigbox:8000/v1"
    )


@pytest.mark.parametrize("key", ["two words", "schlüssel", "a\\nb", " "])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(toml, key: str) -> None:
    sentence = refusal(toml(f'[engine]\nurl_key = "{key}"'))
    assert "engine.url_key is a secret that is not shown" in sentence
    assert key.strip() == "" or key not in sentence
