"""The page as an app on HTTPS, and a browser at a box that many others hold half open."""

import base64
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from open_door import Door, open_door
from playwright.sync_api import BrowserContext, Page, expect
from scripted_box import ScriptedService, scripted_box
from signed_in import KEY

from appliance.app import create_app
from appliance.network.authority import today
from appliance.network.box_names import BoxNames
from appliance.network.certificates import turn_on
from appliance.network.tls_folder import TlsFolder

NAMES = ["box.test"]
SIZES = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}


@pytest.fixture
def service() -> ScriptedService:
    return ScriptedService()


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    turn_on(tmp_path / "data", BoxNames(NAMES, tmp_path / "data"), today())
    return tmp_path / "data"


@contextmanager
def box_over_tls(service: ScriptedService, data_dir: Path) -> Iterator[Door]:
    def app(port: int) -> object:
        return create_app(scripted_box(service, data_dir), port)

    with open_door(data_dir, make_app=app, names=NAMES) as door:
        yield door


@pytest.fixture
def trusting(chromium, tmp_path: Path, data_dir: Path) -> Iterator[BrowserContext]:
    """A browser of its own to which the box's authority is known, and in which I am signed in."""
    pem = TlsFolder(data_dir).authority_certificate()
    assert pem is not None
    public_key = x509.load_pem_x509_certificate(pem).public_key()
    key = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    known = base64.b64encode(sha256(key).digest()).decode()
    context = chromium.browser_type.launch_persistent_context(
        tmp_path / "profile",
        executable_path="/usr/bin/chromium",
        args=[
            *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update"),
            "--host-resolver-rules=MAP box.test 127.0.0.1",
            f"--ignore-certificate-errors-spki-list={known}",
        ],
    )
    context.set_default_timeout(20_000)
    context.add_cookies(
        [
            {
                "name": "__Host-sign-in",
                "value": KEY,
                "url": "https://box.test",
                "httpOnly": True,
                "secure": True,
            }
        ]
    )
    yield context
    context.close()


def test_while_the_box_is_away_the_app_says_so_and_knows_no_conversation(
    service, data_dir, trusting
) -> None:
    conversation_id = service.add_conversation("Zanzibar")
    service.add_exchange(conversation_id, "Zanzibar?", "A place.")
    page = trusting.new_page()
    with box_over_tls(service, data_dir) as door:
        url = f"https://box.test:{door.port}/conversations/{conversation_id}"
        page.goto(url)
        assert page.evaluate("isSecureContext") is True
        page.evaluate("navigator.serviceWorker.ready.then((worker) => worker.scope)")
        page.reload()  # now by way of the worker
        expect(page.get_by_text("A place.")).to_be_visible()
        kept = page.evaluate(KEPT)
    assert sorted(each.split(f":{door.port}")[1] for each in kept) == [
        *("/offline", "/static/css/app.css", "/static/favicon.svg")
    ]
    page.goto(url)
    expect(page.get_by_role("heading", name="The box is away")).to_be_visible()
    assert "Zanzibar" not in page.content()
    background = page.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    assert background == "rgb(250, 249, 247)"  # with its own colours, not bare


KEPT = """
caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name))))
  .then((shells) => Promise.all(shells.map((shell) => shell.keys())))
  .then((lists) => lists.flat().map((request) => request.url))
"""


def test_it_can_be_installed(service, data_dir, trusting) -> None:
    page = trusting.new_page()
    with box_over_tls(service, data_dir) as door:
        page.goto(f"https://box.test:{door.port}/")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        session = trusting.new_cdp_session(page)
        assert session.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        manifest = session.send("Page.getAppManifest")
        assert manifest["errors"] == []
        assert "Appliance" in manifest["data"]


def test_cookies_of_the_page_stay_on_tls(service, data_dir, trusting) -> None:
    page = trusting.new_page()
    with box_over_tls(service, data_dir) as door:
        page.goto(f"https://box.test:{door.port}/")
        cookies = {each["name"]: each for each in trusting.cookies()}
    assert cookies["csrf"]["secure"] and cookies["csrf"]["httpOnly"]


def test_a_message_is_sent_while_five_hundred_hold_the_box_half_open(
    service, data_dir, trusting, say: Callable[[Page, str], None]
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    page = trusting.new_page()
    with box_over_tls(service, data_dir) as door, ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for number in range(500):
            begun = ("", "\x16\x03\x01", "GET / HTTP/1.1\r\nHost: a\r\n")[number % 3]
            stack.enter_context(closing(door.say(begun)))
        page.goto(f"https://box.test:{door.port}/")
        say(page, "What is rice?")
        expect(page.locator(".status")).to_be_visible()
        assert len(service.live) == 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_about_trust_is_for_everybody(
    new_context, service, data_dir, size: str, scheme: str
) -> None:
    context = new_context(**SIZES[size], color_scheme=scheme, bypass_csp=True, is_signed_in=False)
    page = context.new_page()
    with box_over_tls(service, data_dir) as door:
        page.goto(f"http://box.test:{door.port}/trust")
        expect(page.get_by_role("heading", name="1. Take the certificate")).to_be_visible()
        page.locator("summary").first.click()
        expect(page.get_by_text("Certificate Trust Settings")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []
        if size == "phone":
            targets = page.locator("main a.button, main summary")
            heights = targets.evaluate_all("(all) => all.map((e) => e.offsetHeight)")
            assert min(heights) >= 44
