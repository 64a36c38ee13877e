"""What a real box says where nobody watches: lines for the journal, each a whole JSON object."""

import json

import httpx
from appliance_process import ApplianceProcess
from page_client import PageClient

SENTENCES = ("Open http", "Ready: ", "Set up the box", "On the network")
"""For whoever starts it: on the other stream, and readable."""
WORDS = "wagtails"


def test_every_line_is_json_with_time_level_and_logger(appliance: ApplianceProcess) -> None:
    with PageClient(appliance.url) as page:
        page.read_to_end(page.say(f"Say something of {WORDS}."))
    appliance.wait_for(r'"event": "turn ended"')
    lines = [line for line in appliance.log.splitlines() if not line.startswith(SENTENCES)]
    assert lines
    for line in lines:
        assert {"event", "level", "logger", "timestamp"} <= json.loads(line).keys()
    assert WORDS not in appliance.log


def test_the_end_of_a_turn_has_the_number_of_the_request_that_began_it(
    appliance: ApplianceProcess,
) -> None:
    with PageClient(appliance.url) as page:
        page.read_to_end(page.say("Hello"))
    appliance.wait_for(r'"event": "turn ended"')
    ended = [line for line in appliance.log.splitlines() if '"turn ended"' in line]
    assert len(json.loads(ended[-1])["request_id"]) == 16
    assert len(httpx.get(f"{appliance.url}/healthz").headers["x-request-id"]) == 16
