"""A box full of hostile words, and a browser that notices if any of them comes to life."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from browser.small_box import small_box
from hostile_markdown import MARKDOWN
from hostile_markup import MARKUP
from kept_conversations import add
from playwright.sync_api import BrowserContext, Page

from appliance.accounts.api_key import Scope
from appliance.accounts.new_key import Wish
from appliance.conversations.accepting import accepted_folder_name, accepted_title
from appliance.lifespan import Box
from appliance.rendering.sanitising import TAGS

# What no database takes is refused at the door; a model's own NUL is dropped there, too.
CASES = [case.replace("\0", "\x01") for case in (*MARKUP, *MARKDOWN)]
TOGETHER = 10
"""Cases that stand in one message."""

AT_ONCE = 120
GROUPS = [CASES[at : at + AT_ONCE] for at in range(0, len(CASES), AT_ONCE)]
"""Those of one page."""

_OURS = sorted({*TAGS, "details", "summary"})
_LOOK = """(ours) => [...document.querySelectorAll(".words *, .prose *")].flatMap((element) => {
  const names = [...element.attributes].map((each) => each.name);
  const bad = names.filter((name) => /^(on|hx|data-|sse|ws|style|src|name|is$)/.test(name)
    && name !== "data-htmx-powered");
  const scheme = element.localName === "a" ? element.protocol : "https:";
  const is_ours = ours.includes(element.localName) && (!element.id || /^block-/.test(element.id));
  return is_ours && !bad.length && ["https:", "http:", "mailto:"].includes(scheme)
    ? [] : [element.outerHTML.slice(0, 120)];
})"""
_TOUCH = """async () => {
  const bubbling = {bubbles: true, cancelable: true};
  const kinds = ["mouseover", "mouseenter", "pointerenter", "pointerdown", "focus", "focusin",
    "blur", "input", "change", "toggle", "beforetoggle", "animationstart", "animationend", "error",
    "load", "begin", "scrollend", "hashchange", "pageshow", "close", "cancel", "slotchange"];
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const element of document.querySelectorAll(".words, .words *, .prose, .prose *")) {
    for (const kind of kinds) element.dispatchEvent(new Event(kind, bubbling));
    if (!element.closest("a")) element.click?.();
  }
  for (let frames = 0; frames < 3; frames++) await new Promise(requestAnimationFrame);
}"""


class Alarm:
    """What came to life in a browser: `fired()` was called, a dialog or a window opened."""

    def __init__(self, context: BrowserContext) -> None:
        self.heard: list[str] = []
        context.expose_binding("fired", lambda source, *_: self.heard.append("a script ran"))
        context.on("dialog", self._dialog)
        context.on("page", self._opened)
        self._windows = 0
        self._context = context

    def new_page(self) -> Page:
        self._windows += 1
        return self._context.new_page()

    def _dialog(self, dialog: Any) -> None:
        self.heard.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _opened(self, page: Page) -> None:
        if len(self._context.pages) > self._windows:
            self.heard.append(f"a window: {page.url}")


def provoke(page: Page, alarm: Alarm, requests: list[str]) -> None:
    """Touch everything on the page that came from elsewhere; it must be dead."""
    url = page.url
    alive = page.evaluate(_LOOK, _OURS)
    assert not alive, alive
    page.evaluate(_TOUCH)
    assert not alarm.heard, alarm.heard
    asked = [each for each in requests if "evil" in each]
    assert not asked, asked
    assert page.url == url
    assert page.locator("#evil").count() == 0


@dataclass(frozen=True)
class HostileBox:
    """Where it answers; of each group of cases its conversation and the secret of a link to it."""

    url: str
    conversations: list[str]
    secrets: list[str]


@contextmanager
def hostile_box(data_dir: Path) -> Iterator[HostileBox]:
    """Every case is somebody's own message and the reply to it; many are names of things, too."""
    with small_box(data_dir, lambda sequence: "A reply.") as small:
        yield HostileBox(small.url, *small.wait(_fill))


async def _fill(box: Box) -> tuple[list[str], list[str]]:
    conversations, secrets = [], []
    for group in GROUPS:
        async with box.desk.database.write() as tx:
            texts = [text for text in messages_of(group) for _ in ("asked", "answered")]
            conversation, _ = await add(tx, box.person, as_title(group[0]), *texts)
        link = await box.desk.sharing.share(box.person, conversation.conversation_id, 7)
        conversations.append(conversation.conversation_id)
        secrets.append(link.secret)
    for case in CASES[:: len(CASES) // 40]:
        if len(case) <= 60 and re.search(r"\w", case):
            async with box.desk.database.write() as tx:
                await add(tx, box.person, as_title(case))
            await box.desk.shelf.make_folder(box.person, accepted_folder_name(case))
            wish = Wish(case.replace("\n", " "), frozenset({Scope.READ}))
            await box.door.keys.make(box.person, wish)
    return conversations, secrets


def messages_of(cases: list[str]) -> list[str]:
    """So that not each of them needs a page of its own."""
    return ["\n\n".join(cases[at : at + TOGETHER]) for at in range(0, len(cases), TOGETHER)]


def as_title(case: str) -> str:
    return accepted_title(case[:100])
