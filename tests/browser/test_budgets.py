"""How much a page may weigh, and where it may ask."""

import re

from playwright.sync_api import expect

from appliance.paths import STATIC

KILO = 1024


def test_the_first_page_is_light_and_asks_only_its_box(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "A **grain**.")
    weights = {}
    page.on("response", lambda r: weights.setdefault(r.url, len(r.body()) if r.ok else 0))
    page.goto(f"{scripted.url}/conversations/{conversation_id}", wait_until="networkidle")
    assert sum(weights.values()) < 120 * KILO, weights
    assert sum(url.endswith(".css") for url in weights) == 1
    assert all(url.startswith(scripted.url) for url in weights)
    assert not any("passkeys" in url for url in weights)


def test_our_own_scripts_are_few_and_small():
    scripts = {path.name: path for path in (STATIC / "js").glob("*.js")}
    # Only pages about signing in load it; see below.
    assert scripts.pop("passkeys.js").stat().st_size < 3 * KILO
    assert len(scripts) <= 6
    assert sum(path.stat().st_size for path in scripts.values()) < 14 * KILO


def test_every_icon_that_is_used_is_drawn(scripted, page):
    page.goto(scripted.url)
    used = set(page.evaluate("[...document.querySelectorAll('use')].map((e) => e.href.baseVal)"))
    drawn = set(re.findall(r'<symbol id="([a-z]+)"', (STATIC / "icons.svg").read_text()))
    assert {href.split("#")[1] for href in used} <= drawn
    box = page.locator(".new use").evaluate("(e) => e.getBBox().width")
    assert box > 0


def test_a_reply_full_of_links_and_images_asks_nobody(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    hostile = "\n\n".join(
        [
            "![x](https://elsewhere.example/a.png)",
            "<img src='https://elsewhere.example/b.png'>",
            "[x]: https://elsewhere.example/c.png\n![x]",
            "<link rel=prefetch href=//elsewhere.example/d>",
            "[ok](https://elsewhere.example/e)",
        ]
    )
    service.add_exchange(conversation_id, "What?", hostile)
    page.goto(f"{scripted.url}/conversations/{conversation_id}", wait_until="networkidle")
    expect(page.get_by_role("link", name="ok")).to_have_attribute("rel", re.compile("noreferrer"))
    # The watch on every page fails the test if a request went elsewhere.
    assert page.context.watch.requests
