"""A conversation with the real model, from the first message to its deletion."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.model

SHORT = "Say hello in three words."
LONG = "Write a very long story about a lighthouse, with many chapters."


@pytest.fixture
def open_box(new_context, box_url):
    def open_page(**options):
        page = new_context(**options).new_page()
        page.goto(box_url)
        return page

    return open_page


@pytest.fixture
def replied(open_box, say):
    """A page with one finished reply."""
    page = open_box()
    say(page, SHORT)
    expect(page.locator(".reply .after")).to_be_attached(timeout=60_000)
    return page


def test_a_first_message_gets_a_reply_and_an_address_of_its_own(replied):
    assert "/conversations/" in replied.url
    expect(replied).to_have_title(SHORT)
    expect(replied.locator(".prose")).not_to_be_empty()
    expect(replied.locator(".reply .details")).to_contain_text("first word after")
    expect(replied.get_by_role("navigation").get_by_role("link", name=SHORT)).to_be_visible()
    expect(replied.get_by_role("button", name="Send")).to_be_visible()
    expect(replied.locator("#announce")).to_have_text("Answer ready.")


def test_a_reload_shows_what_the_stream_left(replied):
    # Its last event has been put in place whole.
    expect(replied.locator("#announce")).to_have_text("Answer ready.")
    expect(replied.locator("[class*=htmx-]")).to_have_count(0)
    live = replied.locator("#messages").inner_html()
    replied.reload()
    expect(replied.locator(".reply")).to_be_visible()
    strip = "() => document.querySelectorAll('[data-htmx-powered]').forEach("
    strip += "(e) => e.removeAttribute('data-htmx-powered'))"
    replied.evaluate(strip)
    assert _squeezed(replied.locator("#messages").inner_html()) == _squeezed(live)


def test_a_first_question_is_one_click(open_box):
    page = open_box()
    question = page.locator(".questions button").nth(1)
    words = question.inner_text()
    question.click()
    expect(page.locator(".typed .words")).to_have_text(words)
    expect(page.locator("#empty")).to_have_count(0)
    page.get_by_role("button", name="Stop").click()


def test_stop_keeps_what_was_written_and_gives_send_back(open_box, say):
    page = open_box()
    say(page, LONG)
    expect(page.locator(".reply .block").first).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("You stopped this reply.")).to_be_visible()
    expect(page.locator("#action")).to_have_attribute("aria-label", "Send")
    expect(page.locator("#action")).to_be_focused()
    kept = page.locator(".prose").inner_text()
    page.reload()
    assert page.locator(".prose").inner_text() == kept
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#action.stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#action.send")).to_be_visible()


def test_a_reload_in_mid_reply_carries_on(open_box, say):
    page = open_box()
    say(page, LONG)
    expect(page.locator(".reply .block").first).to_be_visible(timeout=60_000)
    page.reload()
    before = len(page.locator(".prose").inner_text())
    assert before > 0
    # A small model may also come to its end just now.
    page.wait_for_function(
        "(before) => document.querySelector('.prose').innerText.length > before + 40"
        " || document.querySelector('.after')",
        arg=before,
    )
    page.keyboard.press("Escape")
    expect(page.locator("#action.send")).to_be_visible()


def test_a_reply_does_not_need_the_tab(new_context, box_url, say):
    context = new_context()
    page = context.new_page()
    page.goto(box_url)
    say(page, SHORT + " Then stop.")
    page.wait_for_url("**/conversations/*")
    address = page.url
    page.close()
    later = context.new_page()
    later.goto(address)
    expect(later.locator(".reply .after")).to_be_attached(timeout=60_000)
    expect(later.locator(".prose")).not_to_be_empty()


def test_two_tabs_of_one_conversation_agree(replied, say):
    other = replied.context.new_page()
    other.goto(replied.url)
    say(replied, "And in two words?")
    expect(other.get_by_text("And in two words?")).to_be_attached(timeout=3_000)
    expect(replied.locator(".reply .after")).to_have_count(2, timeout=60_000)
    other.bring_to_front()
    expect(other.locator(".reply .after")).to_have_count(2)
    texts = [tab.locator("#messages").inner_text() for tab in (replied, other)]
    assert texts[0] == texts[1]


def test_a_new_title_shows_everywhere_and_after_a_reload(replied):
    replied.get_by_role("button", name=SHORT).click()
    field = replied.get_by_role("textbox", name="Title of this conversation")
    expect(field).to_be_focused()
    field.fill("인사 & <greeting>")
    field.press("Enter")
    for _ in range(2):
        expect(replied).to_have_title("인사 & <greeting>")
        expect(replied.locator("h1")).to_have_text("인사 & <greeting>")
        expect(replied.locator(".conversations [aria-current]")).to_have_text("인사 & <greeting>")
        replied.reload()


def test_a_conversation_is_deleted_for_good(replied):
    address = replied.url
    replied.get_by_role("button", name="Menu").click()
    replied.get_by_role("button", name="Delete conversation").click()
    replied.get_by_role("button", name="Delete", exact=True).click()
    expect(replied.get_by_text("Deleted for good: the conversation and its 2")).to_be_visible()
    assert replied.url.endswith("/")
    assert replied.goto(address).status == 404


def test_twenty_thousand_characters_arrive_whole(open_box, box_url):
    page = open_box()
    pasted = "".join(f"line {number} of a long paste\n" for number in range(700))[:20_000]
    page.get_by_label("Your message").fill(pasted)
    box = page.locator(".composer").bounding_box()
    assert box["height"] < 450
    page.get_by_role("button", name="Send").click()
    # It is more than this model can read: the text stays, and the sentence says what to do.
    outcome = page.locator("#notice [role=alert], .typed details")
    expect(outcome.first).to_be_attached()
    if page.locator("#notice [role=alert]").count():
        assert page.get_by_label("Your message").input_value() == pasted
    else:
        page.get_by_text("Show all 20,000 characters").click()
        shown = page.locator(".typed .words").all_inner_texts()
        assert "".join("".join(shown).split()) == "".join(pasted.split())
        page.get_by_role("button", name="Stop").click()


def test_korean_and_japanese_come_through(open_box, say):
    page = open_box()
    say(page, "안녕하세요? こんにちは。 你好!")
    expect(page.locator(".typed .words")).to_have_text("안녕하세요? こんにちは。 你好!")
    page.get_by_role("button", name="Stop").click()


def test_without_javascript_one_can_send_and_read(open_box):
    page = open_box(java_script_enabled=False)
    page.locator("#content").fill(SHORT)
    page.locator("#action").click()
    expect(page.locator(".typed .words")).to_have_text(SHORT)
    # The page looks again by itself until the reply is there.
    expect(page.locator(".reply .details")).to_be_attached(timeout=60_000)
    expect(page.locator(".prose")).not_to_be_empty()


def _squeezed(html):
    # What is for browsers without scripts is text in one page and elements in the other.
    html = re.sub("<noscript>.*?</noscript>", "", html, flags=re.DOTALL)
    return " ".join(html.replace(' data-htmx-powered="true"', "").split())
