"""Reading while a reply grows: what the reader does is left alone."""

import pytest
from playwright.sync_api import expect

from appliance.conversations.turn import TurnPhase

BELOW = "document.documentElement.scrollHeight - innerHeight - scrollY"
AT_THE_END = f"() => {BELOW} < 2"
FAR_FROM_THE_END = f"() => {BELOW} > 250"
LINES = [f"Paragraph {number} of a reply that grows." for number in range(60)]


@pytest.fixture
def growing(scripted, page, say):
    """A page in which a reply is being written, and the word that makes it longer."""
    page.goto(scripted.url)
    say(page, "Tell me much.")
    expect(page.locator(".status")).to_be_visible()
    (turn_id,) = scripted.service.live

    def grow(text, last_words=""):
        scripted.do(scripted.service.show, turn_id, TurnPhase.WRITING, text)
        expect(page.locator(".prose")).to_contain_text(last_words or text.split("\n")[-1])

    grow.finish = lambda text: scripted.do(scripted.service.finish, turn_id, text)
    return page, grow


def below(page):
    return page.evaluate(BELOW)


def test_the_page_follows_while_the_reader_is_at_the_bottom(growing):
    page, grow = growing
    for count in (20, 40, 60):
        grow("\n\n".join(LINES[:count]))
        page.wait_for_function(
            "() => document.documentElement.scrollHeight - innerHeight - scrollY < 2"
        )
    assert page.evaluate("scrollY") > 0


def test_scrolling_up_lets_go_and_a_button_brings_back(growing):
    page, grow = growing
    grow("\n\n".join(LINES[:40]))
    page.wait_for_function(
        "() => document.documentElement.scrollHeight - innerHeight - scrollY < 2"
    )
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function(FAR_FROM_THE_END)
    place = page.evaluate("scrollY")
    grow("\n\n".join(LINES[:60]))
    assert page.evaluate("scrollY") == place
    grow.finish("\n\n".join(LINES))
    expect(page.locator("#action.send")).to_be_visible()
    assert page.evaluate("scrollY") == place
    page.get_by_role("button", name="Go to the latest").click()
    assert below(page) < 2
    expect(page.get_by_role("button", name="Go to the latest")).to_be_hidden()


def test_a_selection_in_a_finished_block_survives_to_the_end(growing):
    page, grow = growing
    grow("First block.\n\nSecond block.\n\nThird\n", "Third")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.block p'))")
    grow("First block.\n\nSecond block.\n\nThird\nand")
    grow.finish("First block.\n\nSecond block.\n\nThird\nand more.\n\n- and a list")
    expect(page.locator("#action.send")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "First block."


def test_long_code_keeps_its_sideways_place_and_its_focus_while_it_grows(growing):
    page, grow = growing
    code = "```python\nx = '" + "long " * 80 + "'\n"
    grow(code + "y = 1")
    page.evaluate("document.querySelector('figure pre').scrollLeft = 200")
    page.get_by_role("button", name="Copy", exact=True).focus()
    grow(code + "y = 1\nz = 2")
    assert page.evaluate("document.querySelector('figure pre').scrollLeft") == 200
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_focused()


def test_nothing_shifts_while_a_reply_is_written(growing):
    page, grow = growing
    page.evaluate(
        """() => {
          window.shift = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) window.shift += entry.value;
          }).observe({type: 'layout-shift', buffered: false});
        }"""
    )
    text = ""
    for piece, last_words in [
        ("Intro", "Intro"),
        (" goes on.\n\n```python\ndef f():", "def f():"),
        ("\n    return 1\n```\n\nAfter the code", "After the code"),
        ("\n\n| a | b |\n|---|---|\n| one | ", "one"),
        ("two |\n| three | four |\n", "four"),
        ("\n- an item\n- another", "another"),
    ]:
        text += piece
        grow(text, last_words)
    grow.finish(text + " item.")
    expect(page.locator("#action.send")).to_be_visible()
    # Two frames, so that the observer has been told.
    page.evaluate("() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")
    # Columns of a table find their width as its cells come; nothing else moves.
    assert page.evaluate("window.shift") < 0.001


def test_focus_stays_where_it_is(growing):
    page, grow = growing
    page.get_by_label("Your message").focus()
    grow("One.\n\nTwo")
    expect(page.get_by_label("Your message")).to_be_focused()
    page.get_by_label("Your message").fill("Meanwhile")
    grow.finish("One.\n\nTwo.")
    expect(page.locator("#action.send")).to_be_visible()
    expect(page.get_by_label("Your message")).to_be_focused()
    assert page.get_by_label("Your message").input_value() == "Meanwhile"


def test_only_the_status_region_speaks(growing):
    page, grow = growing
    assert page.locator("#messages").get_attribute("aria-live") == "off"
    assert page.locator("#messages").get_attribute("role") == "log"
    expect(page.locator("#announce")).to_have_text("Answering.")
    grow.finish("Done.")
    expect(page.locator("#announce")).to_have_text("Answer ready.")
