"""Requests that nobody has thought of, made from descriptions of the routes: no failure inside, no
answer that is not described, and nothing of anybody else's in any of them.

Those of programs are made from the document that the box hands out, those of pages from the routes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import (
    CheckFunction,
    not_a_server_error,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

sys.path.append(str(Path(__file__).parent))

from fuzzed_box import Caller, FuzzedBox, fuzzed_box
from ways import Way, fields_of_form, queries, ways_of

from appliance.accounts.account import Access
from appliance.routes.api_document import document
from appliance.routes.authentication import access_to

AS_DESCRIBED: list[CheckFunction] = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
OPERATIONS = [
    f"{method.upper()} {path}" for path, item in document()["paths"].items() for method in item
]
CALLERS = ("nobody", "ben at the page", "cleo with a key", "ann at the page", "ann with a key")
PAGES = ("nobody", "cleo at the page", "ann at the page")
ENDING = ("/sign-out", "/account/", "/data/deletions", "/people/", "/admin/")
"""What would end the sign-in of who asks, or change for all what the box does."""


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedBox]:
    with fuzzed_box(tmp_path_factory.mktemp("fuzzed")) as box:
        yield box


def dose(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def ask(box: FuzzedBox, caller: Caller, case: Case, checks: list[CheckFunction]) -> None:
    answer = case.call(base_url=box.url, headers=caller.headers, timeout=20, allow_redirects=False)
    for mark in caller.foreign:
        assert mark.encode() not in answer.content, (caller.name, case.formatted_path, mark)
    case.validate_response(answer, checks=checks)


def fuzz(box: FuzzedBox, described: dict[str, Any], label: str, name: str, examples: int) -> None:
    schema = schemathesis.openapi.from_dict(described)
    method, path = label.split(" ", 1)
    operation, caller = schema[path][method], box.callers[name]

    @dose(examples)
    @given(case=operation.as_strategy())
    def run(case: Case) -> None:
        ask(box, caller, case, AS_DESCRIBED)
        # The same with ids that are Ann's.
        known = {key: box.ids[key] for key in case.path_parameters or {} if key in box.ids}
        if known:
            case.path_parameters = {**case.path_parameters, **known}
            ask(box, caller, case, AS_DESCRIBED)

    run()


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("label", OPERATIONS)
def test_programs_are_answered_as_the_document_says(box: FuzzedBox, label: str, name: str) -> None:
    fuzz(box, document(), label, name, 6)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("label", OPERATIONS)
def test_programs_are_answered_so_a_thousand_times(box: FuzzedBox, label: str, name: str) -> None:
    fuzz(box, document(), label, name, 1000)


def test_the_document_has_every_route_for_keys_and_no_other(box: FuzzedBox) -> None:
    for_keys = {str(way) for way in ways_of(box.app) if "scope" in way.handler.opt}
    assert {each for each in OPERATIONS} == for_keys


@pytest.mark.parametrize("name", ["ben at the page", "cleo with a key"])
def test_the_box_hands_it_out_to_whoever_is_in(box: FuzzedBox, name: str) -> None:
    url = f"{box.url}/v1/openapi.json"
    answer = httpx.get(url, headers=box.callers[name].headers)
    assert answer.json() == document()
    assert httpx.get(url).status_code == 401


def pages_of(box: FuzzedBox) -> list[Way]:
    ways = [way for way in ways_of(box.app) if way.path != "/static/{file_path}"]
    changes = ("POST", "PUT", "PATCH", "DELETE")
    return [
        way
        for way in ways
        if not (way.method in changes and way.path.startswith(ENDING))
        and not (way.method in changes and access_to(way.handler) is Access.ADMIN)
    ]


def described(ways: list[Way]) -> dict[str, Any]:
    """A document of the pages: any text anywhere, and any answer but a failure."""
    paths: dict[str, dict[str, Any]] = {}
    for way in ways:
        operation: dict[str, Any] = {
            "parameters": [
                {"in": place, "name": name, "required": place == "path", "schema": TEXT}
                for place, names in (("path", way.names), ("query", sorted(queries(way.handler))))
                for name in names
            ],
            "responses": {"default": {"description": "anything"}},
        }
        if form := sorted(fields_of_form(way.handler)):
            fields = {"type": "object", "properties": dict.fromkeys(form, TEXT)}
            content = {"application/x-www-form-urlencoded": {"schema": fields}}
            operation["requestBody"] = {"content": content}
        paths.setdefault(way.path, {})[way.method.lower()] = operation
    return {"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": paths}


TEXT = {"type": "string", "maxLength": 40}


@pytest.mark.parametrize("name", PAGES)
def test_no_request_to_a_page_makes_the_box_fail(box: FuzzedBox, name: str) -> None:
    caller = box.callers[name]
    token = form_token(box, caller)
    sender = Caller(caller.name, joined(caller.headers, token))
    asked = 0
    for found in schemathesis.openapi.from_dict(described(pages_of(box))).get_all_operations():

        @dose(2)
        @given(case=found.ok().as_strategy())
        def run(case: Case) -> None:
            nonlocal asked
            asked += 1
            ask(box, sender, case, [not_a_server_error])

        run()
    assert asked > 100


def form_token(box: FuzzedBox, caller: Caller) -> str:
    return httpx.get(f"{box.url}/sign-in", headers=caller.headers).cookies.get("csrf", "")


def joined(headers: dict[str, str], token: str) -> dict[str, str]:
    cookies = "; ".join(filter(None, [headers.get("Cookie", ""), f"csrf={token}"]))
    return {**headers, "Cookie": cookies, "x-csrf-token": token}
