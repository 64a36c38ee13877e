import json
import subprocess
import sys

SAY = """
import logging, structlog
from appliance import logs
logs.configure({level!r})
structlog.get_logger("ours").info("turn_finished", turn_id="t1", completion_tokens=7)
structlog.get_logger("ours").debug("detail")
logging.getLogger("uvicorn.error").info("Started %s", "it")
logging.getLogger("uvicorn.access").info("GET /conversations/1")
logging.getLogger("litestar").warning("careful")
try:
    private = "what a person wrote"
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("ours").exception("turn_failed", turn_id="t1")
"""


def lines(level: str) -> list[dict[str, object]]:
    """What a process says on a stderr that is no terminal."""
    done = subprocess.run(
        [sys.executable, "-c", SAY.format(level=level)], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_each_line_is_json_with_time_level_and_logger_when_nobody_watches() -> None:
    first = lines("info")[0]
    assert first.pop("timestamp")
    assert first == {
        "event": "turn_finished",
        "turn_id": "t1",
        "completion_tokens": 7,
        "level": "info",
        "logger": "ours",
    }


def test_uvicorn_and_litestar_speak_the_same_way_and_only_once() -> None:
    said = [(line["logger"], line["event"]) for line in lines("info")]
    assert said.count(("uvicorn.error", "Started it")) == 1
    assert said.count(("litestar", "careful")) == 1
    assert "uvicorn.access" not in dict(said)


def test_the_level_decides_what_is_said() -> None:
    assert "detail" in [line["event"] for line in lines("debug")]
    assert [line["level"] for line in lines("error")] == ["error"]


def test_a_traceback_names_the_error_and_shows_no_variables() -> None:
    (line,) = lines("error")
    assert "ZeroDivisionError" in str(line["exception"])
    assert "what a person wrote" not in str(line["exception"])
