"""The pages of keys and of usage in a real browser, with and without scripts."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from fakes import ScriptedBackend
from page_client import PageClient
from playwright.sync_api import expect
from serving import serving

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDE = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def kept_box(tmp_path_factory):
    """Where a box is in which something was asked already."""
    data = tmp_path_factory.mktemp("box") / "data"
    with serving(data, ScriptedBackend(lambda _: "A reply.")) as url:
        with PageClient(url) as client:
            client.read_to_end(client.say("Hello"))
        yield url


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def page(request, new_context):
    return new_context(java_script_enabled=request.param, **WIDE).new_page()


def make_key(page, name):
    page.get_by_label("Name, such as the program that will use it").fill(name)
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("heading", name=f"Your new key: {name}")).to_be_visible()
    return page.locator(".made-key pre").first.inner_text()


def test_a_key_is_made_shown_once_and_revoked(kept_box, page):
    page.goto(f"{kept_box}/account/keys")
    secret = make_key(page, "my editor")
    assert re.fullmatch("appliance_[0-9a-f]{64}", secret)
    page.goto(f"{kept_box}/account/keys")
    expect(page.get_by_text(secret)).to_have_count(0)
    expect(page.get_by_text("Never used")).to_be_visible()
    page.locator(".key-list summary").first.click()
    page.get_by_role("button", name="Revoke it for good").click()
    expect(page.get_by_text("my editor")).to_have_count(0)


def test_the_key_is_copied_as_it_stands(kept_box, new_context):
    context = new_context(**WIDE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{kept_box}/account/keys")
    secret = make_key(page, "copied")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == secret


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_pages_are_easy_to_use_for_everybody(kept_box, new_context, size, scheme):
    page = new_context(color_scheme=scheme, **size).new_page()
    page.goto(f"{kept_box}/account/keys")
    make_key(page, f"{scheme} {size['viewport']['width']}")
    for path in ("", "/account/usage"):
        if path:
            page.goto(kept_box + path)
        report = Axe().run(page)
        assert report.violations_count == 0, report.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        small = page.evaluate(
            "[...document.querySelectorAll('a.button, button, summary, select, input:not("
            "[type=hidden], [type=checkbox])')].filter((e) => e.checkVisibility() "
            "&& e.getBoundingClientRect().height < 43.5).map((e) => e.outerHTML)"
        )
        assert size is WIDE or small == []
