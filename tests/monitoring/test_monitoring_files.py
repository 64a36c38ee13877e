"""The dashboard, the alerts and the scrape snippet speak of what a real box exposes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from appliance_process import ApplianceProcess
from prometheus_client.parser import text_string_to_metric_families

FOLDER = Path(__file__).parents[2] / "systemd" / "monitoring"
ALERTS = FOLDER / "appliance-alerts.yaml"
DASHBOARD = FOLDER / "appliance-dashboard.json"
SCRAPE = FOLDER / "prometheus-scrape.yaml"
PLAYED = Path(__file__).parent / "alerts_played.yaml"

OF_PROMETHEUS = {"up"}
"""What Prometheus adds by itself about each target."""
_NAME = re.compile(r"\b(?:appliance|process|python)_[a-z_]+\b|\bup\b")
_MATCHER = re.compile(r"\b([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"")


@pytest.fixture(scope="module")
def exposed(appliance: ApplianceProcess) -> dict[str, set[str]]:
    """Each series of a box that has answered something, with the names of its labels."""
    httpx.get(f"{appliance.url}/healthz")
    text = httpx.get(f"{appliance.url}/metrics").text
    found: dict[str, set[str]] = {name: set() for name in OF_PROMETHEUS}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def rules() -> list[dict[str, Any]]:
    return [
        rule
        for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def panels() -> list[dict[str, Any]]:
    return list(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"])


def expressions() -> Iterator[tuple[str, str]]:
    """Where it stands, and what is asked."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


EXPRESSIONS = list(expressions())


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_every_name_in_an_expression_is_one_that_a_box_exposes(
    where: str, expression: str, exposed: dict[str, set[str]]
) -> None:
    quoted = re.sub(r'"[^"]*"', '""', expression)
    names = set(_NAME.findall(quoted))
    assert names, f"{where} asks for nothing"
    assert names - exposed.keys() == set()


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_every_label_that_is_asked_for_is_one_of_that_name(
    where: str, expression: str, exposed: dict[str, set[str]]
) -> None:
    for name, matchers in re.findall(r"\b([a-z_]+)\{([^}]*)\}", expression):
        assert set(_MATCHER.findall(matchers)) <= exposed[name] | {"job", "instance"}, where


def test_the_bounds_of_steps_that_are_asked_for_are_there(appliance: ApplianceProcess) -> None:
    text = httpx.get(f"{appliance.url}/metrics").text
    bounds = set(re.findall(r'appliance_step_seconds_bucket\{le="([^"]+)"', text))
    asked = {bound for _, each in EXPRESSIONS for bound in re.findall(r'le="([^"]+)"', each)}
    assert asked and asked <= bounds


def test_the_dashboard_shows_every_metric_of_the_box(exposed: dict[str, set[str]]) -> None:
    """Whoever adds one decides where it is to be seen."""
    own = {name for name in exposed if name.startswith("appliance_")}
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in own}
    asked = " ".join(each for _, each in EXPRESSIONS) + DASHBOARD.read_text(encoding="utf-8")
    assert {name for name in families if name not in asked} == set()


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert len(rule["annotations"]["summary"]) > 20
        assert len(rule["annotations"]["description"]) > 40


def test_panels_have_numbers_of_their_own_and_do_not_lie_over_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_the_job_is_called_as_the_alerts_call_it() -> None:
    (job,) = yaml.safe_load(SCRAPE.read_text(encoding="utf-8"))
    asked = {name for _, each in EXPRESSIONS for name in re.findall(r'job="([^"]+)"', each)}
    assert asked == {job["job_name"]}


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (apt install prometheus)")
    return found


def checked(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_reads_the_rules(promtool: str) -> None:
    checked(promtool, "check", "rules", str(ALERTS))


def test_prometheus_reads_the_scrape_snippet(promtool: str, tmp_path: Path) -> None:
    config = tmp_path / "prometheus.yml"
    snippet = yaml.safe_load(SCRAPE.read_text(encoding="utf-8"))
    whole = {"scrape_configs": snippet, "rule_files": [str(ALERTS)]}
    config.write_text(yaml.safe_dump(whole), encoding="utf-8")
    checked(promtool, "check", "config", str(config))


def test_every_alert_is_played_and_fires_when_it_should(promtool: str) -> None:
    played = yaml.safe_load(PLAYED.read_text(encoding="utf-8"))
    fired = {
        each["alertname"]
        for test in played["tests"]
        for each in test["alert_rule_test"]
        if each["exp_alerts"]
    }
    silent = {
        each["alertname"]
        for test in played["tests"]
        for each in test["alert_rule_test"]
        if not each["exp_alerts"]
    }
    assert fired == silent == {rule["alert"] for rule in rules()}
    checked(promtool, "test", "rules", str(PLAYED))


def test_prometheus_can_read_every_question_of_the_dashboard(promtool: str, tmp_path: Path) -> None:
    plain = [
        each.replace("$__rate_interval", "5m").replace("$box", ".*") for _, each in EXPRESSIONS
    ]
    asked = [{"record": f"asked:{number}", "expr": each} for number, each in enumerate(plain)]
    rules_file = tmp_path / "rules.yaml"
    rules_file.write_text(yaml.safe_dump({"groups": [{"name": "asked", "rules": asked}]}))
    checked(promtool, "check", "rules", str(rules_file))
