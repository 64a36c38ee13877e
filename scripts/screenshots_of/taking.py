"""A new box, its owner moving in, and a picture of each page in every language, size and light."""

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance_process import UnpreparedProcess
from playwright.sync_api import Browser, Page, sync_playwright

LANGUAGES = ("en", "ko", "ja", "de")
SIZES: dict[str, dict[str, Any]] = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
LIGHTS = ("light", "dark")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PASSWORD = "a harbour with seven lamps"
QUESTION = {
    "en": "How do I make tea?",
    "ko": "차를 어떻게 끓이나요?",
    "ja": "お茶の淹れ方を教えてください。",
    "de": "Wie koche ich Tee?",
}
OPEN_PAGES = {"sign-in": "/sign-in", "offline": "/offline", "trust": "/trust"}
PAGES = {
    "empty": "/",
    "account": "/account",
    "sealed-account": "/account/seal",
    "keys": "/account/keys",
    "usage": "/account/usage",
    "data": "/data",
    "shared-links": "/shared-links",
    "invitations": "/invitations",
    "admin-people": "/admin/people",
    "admin-models": "/admin/models",
    "admin-health": "/admin/health",
    "admin-limits": "/admin/limits",
    "admin-audit": "/admin/audit",
}

View = tuple[str, str, str]


def take_all(folder: Path, wanted: set[str], say: Callable[[str], None]) -> None:
    """All of them, or those of the names in `wanted`; each is `PAGE-LANGUAGE-SIZE-LIGHT.png`."""
    folder.mkdir(parents=True, exist_ok=True)
    with _new_box() as box, _chromium() as browser:
        taker = _Taker(box, browser, folder, wanted, say)
        setup = re.search(r"http://\S+(/setup/[\w-]+)", box.wait_for(r"Set up the box: (\S+)"))
        assert setup is not None, "a new box says where it is set up"
        taker.take("setup", setup[1], {})
        state = _move_in(browser, box.url + setup[1])
        for name, path in OPEN_PAGES.items():
            taker.take(name, path, {})
        for name, path in PAGES.items():
            taker.take(name, path, state)
        for language, question in QUESTION.items():
            path = _ask(browser, box.url, state, question)
            taker.take("chat", path, state, (language,))


class _Taker:
    def __init__(
        self,
        box: UnpreparedProcess,
        browser: Browser,
        folder: Path,
        wanted: set[str],
        say: Callable[[str], None],
    ) -> None:
        self._box = box
        self._browser = browser
        self._folder = folder
        self._wanted = wanted
        self._say = say

    def take(
        self, name: str, path: str, state: Any, languages: tuple[str, ...] = LANGUAGES
    ) -> None:
        if self._wanted and name not in self._wanted:
            return
        for language, size, light in _views(languages):
            options = {**SIZES[size], "locale": language, "color_scheme": light}
            with self._browser.new_context(storage_state=state or None, **options) as context:
                page = context.new_page()
                answer = page.goto(self._box.url + path)
                assert answer is not None and answer.ok, f"{path}: {answer and answer.status}"
                file = self._folder / f"{name}-{language}-{size}-{light}.png"
                page.screenshot(path=file, full_page=name not in ("empty", "chat"))
        self._say(f"{name}: {path}")


def _views(languages: tuple[str, ...]) -> Iterator[View]:
    for language in languages:
        for size in SIZES:
            for light in LIGHTS:
                yield language, size, light


@contextmanager
def _new_box() -> Iterator[UnpreparedProcess]:
    with (
        tempfile.TemporaryDirectory() as folder,
        UnpreparedProcess(
            Path(folder) / "data", APPLIANCE_LIMITS__REPLY_TOKENS="120", APPLIANCE_CONFIG=""
        ) as box,
    ):
        yield box


@contextmanager
def _chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise SystemExit("Chromium is missing (apt install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def _move_in(browser: Browser, url: str) -> Any:
    """The first administrator's cookies, and somebody invited so that the pages are not empty."""
    with browser.new_context(locale="en") as context:
        page = context.new_page()
        page.goto(url)
        page.locator("input[name=name]").fill("Minji")
        page.locator("input[name=password]").fill(PASSWORD)
        _send(page)
        page.wait_for_url(re.compile(r"/(welcome)?$"))
        return context.storage_state()


def _ask(browser: Browser, url: str, state: Any, question: str) -> str:
    """Where the conversation is when its reply is whole."""
    with browser.new_context(storage_state=state) as context:
        page = context.new_page()
        page.goto(url)
        page.locator("#content").fill(question)
        page.locator("#action").click()
        page.locator(".reply .after").wait_for(state="attached", timeout=300_000)
        return page.url.removeprefix(url)


def _send(page: Page) -> None:
    page.locator("form:not(.languages) button.primary").first.click()
