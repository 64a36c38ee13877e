"""The page in four languages, as it stands in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

NewContext = Callable[..., BrowserContext]
NARROW = {"viewport": {"width": 320, "height": 640}, "is_mobile": True, "has_touch": True}


@pytest.mark.parametrize("language", ["en", "ko", "ja", "de"])
def test_no_language_is_wider_than_a_small_phone(scripted, new_context: NewContext, language: str):
    conversation_id = scripted.service.add_conversation("Rice")
    scripted.service.add_exchange(conversation_id, "What?", "Rice.", finish_reason="length")
    page = new_context(locale=language, **NARROW).new_page()
    for path in ("/", f"/conversations/{conversation_id}", "/sign-in", "/conversations"):
        page.goto(scripted.url + path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    page.locator("#menu-button").click()
    menu = page.locator("#menu")
    expect(menu).to_be_visible()
    assert menu.evaluate("each => each.scrollWidth <= each.clientWidth")
    assert menu.bounding_box()["y"] + menu.bounding_box()["height"] <= 640


def test_a_language_is_chosen_without_scripts(scripted, new_context: NewContext):
    page = new_context(is_signed_in=False, java_script_enabled=False).new_page()
    page.goto(scripted.url + "/sign-in")
    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    expect(page.get_by_role("heading", name="로그인")).to_be_visible()
    expect(page.get_by_role("button", name="한국어")).to_have_attribute("aria-current", "true")
