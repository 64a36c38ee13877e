"""Chromium, and two boxes for it: the real appliance, and one that follows a test's script."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

sys.path.append(str(Path(__file__).parent.parent / "routes"))

from scripted_box import RunningBox, ScriptedService
from signed_in import BROWSER_COOKIES, prepare

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that is not this machine's own: such a page is not a secure context.
    "--host-resolver-rules=MAP box.test 127.0.0.1",
]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDE = {"viewport": {"width": 1280, "height": 800}}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here):
            item.add_marker(pytest.mark.browser)


# A module's, not the session's: Playwright holds an event loop, and async tests need their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """What a page did that no page of ours may do."""

    def __init__(self, context: BrowserContext) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.errors: list[str] = []
        context.on("request", lambda request: self.requests.append(request.url))
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error("
            "'VIOLATION ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sourceFile))"
        )

    def _hear(self, message: Any) -> None:
        if message.type == "error" or "VIOLATION" in message.text:
            self.complaints.append(message.text)

    @property
    def violations(self) -> list[str]:
        return [each for each in self.complaints if "Content Security Policy" in each]

    def foreign_requests(self) -> list[str]:
        own = ("127.0.0.1", "localhost", "box.test")
        return [url for url in self.requests if urlsplit(url).hostname not in own]


NewContext = Callable[..., BrowserContext]


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[NewContext]:
    """A fresh browser profile, watched: it must not break the policy or leave the box."""
    with ExitStack() as stack:
        watches = []

        def new(*, is_signed_in: bool = True, **options: Any) -> BrowserContext:
            context = chromium.new_context(**{**WIDE, "locale": "en-GB", **options})
            context.set_default_timeout(20_000)
            if is_signed_in:
                context.add_cookies(BROWSER_COOKIES)
            stack.callback(context.close)
            watches.append(Watch(context))
            context.watch = watches[-1]  # type: ignore[attr-defined]
            return context

        yield new
        for watch in watches:
            assert watch.foreign_requests() == []
            assert watch.violations == []
            assert watch.errors == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    return new_context().new_page()


@pytest.fixture
def start_browser(chromium: Browser, tmp_path: Path) -> Iterator[Callable[[], BrowserContext]]:
    """Starts a browser of its own with the profile that the last one left."""
    with ExitStack() as stack:

        def start() -> BrowserContext:
            context = chromium.browser_type.launch_persistent_context(
                tmp_path / "profile", executable_path=CHROMIUM, args=ARGUMENTS
            )
            stack.callback(context.close)
            context.add_cookies(BROWSER_COOKIES)
            return context

        yield start


@pytest.fixture(scope="session")
def box_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real appliance with the embedded model."""
    data = tmp_path_factory.mktemp("box")
    prepare(data)
    environment = {**os.environ, "APPLIANCE_SERVER__NAMES": "box.test"}
    command = [sys.executable, "-m", "appliance", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("Open http"):
                    break
            else:
                raise AssertionError("".join(said))
            # Someone has to read on, or the box would wait for its log to be taken.
            reader = ["sh", "-c", "cat > /dev/null"]
            with subprocess.Popen(reader, stdin=process.stdout):
                yield said[-1].split()[1]
                process.terminate()
                process.wait(timeout=30)
        finally:
            process.kill()


@pytest.fixture
def scripted(tmp_path: Path) -> Iterator[RunningBox]:
    """A box in which nothing happens to a turn unless the test says so."""
    with RunningBox(ScriptedService(), tmp_path).running() as box:
        yield box


def send(page: Page, words: str) -> None:
    """Write and send, as a person does."""
    page.get_by_label("Your message").fill(words)
    page.get_by_role("button", name="Send").click()


@pytest.fixture
def say() -> Callable[[Page, str], None]:
    return send
