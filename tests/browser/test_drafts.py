"""What is written and not sent: kept in the browser, for each conversation by itself."""

import pytest
from playwright.sync_api import expect

FIELD = "#content"


@pytest.fixture
def rice(scripted):
    return f"{scripted.url}/conversations/{scripted.service.add_conversation('Rice')}"


@pytest.fixture
def wheat(scripted):
    return f"{scripted.url}/conversations/{scripted.service.add_conversation('Wheat')}"


def drafts(page):
    """All that the browser keeps."""
    return page.evaluate(
        "() => Object.entries(localStorage).filter(([key]) => key.startsWith('draft:'))"
        ".map(([, text]) => text).sort()"
    )


def delete(page):
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Delete conversation").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted for good")).to_be_visible()


def test_each_conversation_has_its_own_draft_and_a_new_one_too(scripted, page, rice, wheat):
    places = {rice: "about rice", wheat: "小麦について", scripted.url: "something new"}
    for url, text in places.items():
        page.goto(url)
        expect(page.locator(FIELD)).to_have_value("")
        page.locator(FIELD).fill(text)
    for url, text in places.items():
        page.goto(url)
        expect(page.locator(FIELD)).to_have_value(text)


def test_drafts_survive_the_end_of_the_browser(start_browser, rice):
    first = start_browser()
    page = first.new_page()
    page.goto(rice)
    page.locator(FIELD).fill("half a thought")
    first.close()
    page = start_browser().new_page()
    page.goto(rice)
    expect(page.locator(FIELD)).to_have_value("half a thought")


def test_sending_ends_the_draft_and_no_other(scripted, page, rice, wheat):
    page.goto(wheat)
    page.locator(FIELD).fill("about wheat")
    page.goto(rice)
    page.locator(FIELD).fill("about rice")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed .words")).to_have_text("about rice")
    expect(page.locator(FIELD)).to_have_value("")
    assert drafts(page) == ["about wheat"]


def test_the_first_message_of_a_new_conversation_leaves_no_draft_behind(scripted, page):
    page.goto(scripted.url)
    page.locator(FIELD).fill("the first")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/conversations/*")
    page.locator(FIELD).fill("the second")
    assert drafts(page) == ["the second"]
    page.goto(scripted.url)
    expect(page.locator(FIELD)).to_have_value("")
    page.go_back()
    expect(page.locator(FIELD)).to_have_value("the second")


def test_words_written_while_the_first_message_is_on_its_way_belong_to_its_conversation(
    scripted, page
):
    page.goto(scripted.url)
    page.locator(FIELD).fill("the first")
    page.route("**/turns", lambda route: (page.locator(FIELD).fill("more"), route.continue_()))
    page.keyboard.press("Enter")
    page.wait_for_url("**/conversations/*")
    expect(page.locator(FIELD)).to_have_value("more")
    assert drafts(page) == ["more"]
    page.reload()
    expect(page.locator(FIELD)).to_have_value("more")


def test_a_message_that_is_refused_stays_a_draft(scripted, page, rice):
    page.goto(rice)
    page.locator(FIELD).fill("precious words")
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("#notice").get_by_role("alert")).to_be_visible()
    page.context.set_offline(False)
    page.reload()
    expect(page.locator(FIELD)).to_have_value("precious words")


def test_with_the_conversation_its_draft_goes_but_not_out_of_the_writers_hands(
    scripted, page, rice
):
    page.goto(rice)
    page.locator(FIELD).fill("still of use")
    key = page.evaluate("() => Object.keys(localStorage).find((key) => key.startsWith('draft:'))")
    delete(page)
    expect(page.locator(FIELD)).to_have_value("still of use")
    assert page.evaluate("(key) => localStorage.getItem(key)", key) is None
    page.reload()
    expect(page.locator(FIELD)).to_have_value("still of use")


def test_an_empty_page_after_a_deletion_does_not_cost_another_draft(scripted, page, rice):
    page.goto(scripted.url)
    page.locator(FIELD).fill("something new")
    page.goto(rice)
    delete(page)
    expect(page.locator(FIELD)).to_have_value("something new")
    assert drafts(page) == ["something new"]


def test_two_tabs_of_one_conversation_show_one_draft(scripted, page, rice):
    page.goto(rice)
    other = page.context.new_page()
    other.goto(rice)
    page.locator(FIELD).fill("written once")
    expect(other.locator(FIELD)).to_have_value("written once")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed .words")).to_have_text("written once")
    expect(other.locator(FIELD)).to_have_value("")
    assert drafts(page) == []


def test_two_tabs_with_different_words_keep_both(scripted, page, rice):
    page.goto(rice)
    page.locator(FIELD).fill("mine")
    other = page.context.new_page()
    other.goto(rice)
    expect(other.locator(FIELD)).to_have_value("mine")
    # Out of step, as two tabs are that were typed in at the same moment.
    other.evaluate("() => { document.getElementById('content').value = 'theirs' }")
    page.locator(FIELD).fill("mine, longer")
    expect(other.locator(FIELD)).to_have_value("theirs")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed .words")).to_have_text("mine, longer")
    expect(other.locator(FIELD)).to_have_value("theirs")


def test_deleting_in_one_tab_leaves_the_words_of_the_other(scripted, page, rice):
    page.goto(rice)
    page.locator(FIELD).fill("and what of wheat?")
    other = page.context.new_page()
    other.goto(rice)
    delete(other)
    page.bring_to_front()
    expect(page.get_by_text("This conversation was deleted.")).to_be_visible()
    expect(page.locator(FIELD)).to_have_value("and what of wheat?")
    page.reload()
    assert drafts(page) == ["and what of wheat?"]
