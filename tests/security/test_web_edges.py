"""Who may talk to the box: host names, origins, forms, headers."""

import httpx
import pytest
from appliance_process import ApplianceProcess
from page_client import PageClient
from signed_in import COOKIES

pytestmark = pytest.mark.model
CHAT = {"model": "default", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}


def host(appliance: ApplianceProcess) -> str:
    return appliance.url.removeprefix("http://")


@pytest.mark.parametrize(
    "name",
    ["evil.com", "evil.com:{port}", "localhost.evil.com", "127.0.0.1.evil.com", "localhost:1", ""],
)
def test_a_foreign_host_name_is_refused(appliance: ApplianceProcess, name: str) -> None:
    """DNS rebinding: another site's name that resolves to this machine."""
    headers = {"Host": name.format(port=appliance.port), "X-Forwarded-Host": host(appliance)}
    for path in ("/", "/v1/models", "/healthz", "/metrics"):
        assert httpx.get(appliance.url + path, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "name", ["localhost", "localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}"]
)
def test_the_boxs_own_names_are_served(appliance: ApplianceProcess, name: str) -> None:
    headers = {"Host": name.format(port=appliance.port)}
    assert httpx.get(appliance.url, headers=headers, cookies=COOKIES).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_cannot_act_here(
    appliance: ApplianceProcess, headers: dict[str, str]
) -> None:
    with PageClient(appliance.url) as page:
        assert page.try_to_say("Hello", headers=headers).status_code == 403
    url = f"{appliance.url}/v1/chat/completions"
    assert httpx.post(url, json=CHAT, headers=headers).status_code == 403
    stream = f"{appliance.url}/turns/{'0' * 32}/stream"
    accepts = {"Accept": "text/event-stream"}
    assert httpx.get(stream, headers=headers | accepts, cookies=COOKIES).status_code == 403


def test_the_boxs_own_page_and_plain_programs_can(appliance: ApplianceProcess) -> None:
    own = {"Origin": appliance.url, "Sec-Fetch-Site": "same-origin"}
    url = f"{appliance.url}/v1/chat/completions"
    for headers in (own, {}):
        assert httpx.post(url, json=CHAT, headers=headers, timeout=60).status_code == 200


@pytest.mark.parametrize("token", ["", "0" * 128, "x"])
def test_a_form_without_its_token_is_refused(appliance: ApplianceProcess, token: str) -> None:
    with PageClient(appliance.url) as page:
        assert page.try_to_say("Hello", token=token).status_code == 403


def test_every_answer_carries_the_same_fences(appliance: ApplianceProcess) -> None:
    for path in ("/", "/nowhere", "/v1/models", "/static/css/app.css"):
        headers = httpx.get(appliance.url + path, cookies=COOKIES).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/static/..%2f..%2fpyproject.toml",
        "/static//etc/passwd",
        "/static/css/%00",
        "/conversations/../../etc/passwd",
        "/conversations/" + "0" * 32,
        "/v1/models/..%2f..%2fetc%2fpasswd",
    ],
)
def test_paths_lead_nowhere_else(appliance: ApplianceProcess, path: str) -> None:
    with httpx.Client(cookies=COOKIES) as client:
        request = client.build_request("GET", appliance.url)
        request.url = httpx.URL(appliance.url).copy_with(raw_path=path.encode())
        assert client.send(request).status_code in (400, 404)


def test_the_log_holds_no_word_of_what_was_said(appliance: ApplianceProcess) -> None:
    with PageClient(appliance.url) as page:
        reply = page.read_to_end(page.say("The password of the shed is zanzibar-17."))
    words = {word for word in reply.split() if len(word) > 12}
    assert "zanzibar" not in appliance.log
    assert not [word for word in words if word in appliance.log]
