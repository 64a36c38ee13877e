"""Keys, input methods, and the whole page by keyboard alone."""

import pytest
from playwright.sync_api import expect

from appliance.conversations.turn import TurnPhase

FIELD = "#content"


@pytest.fixture
def composer(scripted, page):
    page.goto(scripted.url)
    page.locator(FIELD).focus()
    return page


@pytest.fixture
def sent(scripted):
    """What the box was sent so far."""
    return lambda: [m.content for each in scripted.service.messages.values() for m in each]


class InputMethod:
    """Types as an input method does: with a composition that Enter ends."""

    def __init__(self, page):
        self._page = page
        self._wire = page.context.new_cdp_session(page)

    def compose(self, text):
        self._wire.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )

    def enter_while_composing(self, committed, *, then_enter):
        """Enter comes as key 229, then the text is committed; some systems then send Enter too."""
        key = {"code": "Enter", "windowsVirtualKeyCode": 229, "key": "Process"}
        self._wire.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **key})
        self._wire.send("Input.insertText", {"text": committed})
        if then_enter:
            self._page.keyboard.down("Enter")
        self._wire.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
        if then_enter:
            self._page.keyboard.up("Enter")


def test_enter_sends_and_shift_enter_is_a_new_line(composer, sent):
    composer.keyboard.type("one")
    composer.keyboard.press("Shift+Enter")
    composer.keyboard.type("two")
    assert sent() == []
    composer.keyboard.press("Enter")
    expect(composer.locator(".typed .words")).to_have_text("one\ntwo")
    assert sent() == ["one\ntwo"]


def test_enter_in_an_empty_field_sends_nothing(composer, sent):
    composer.keyboard.type("   ")
    composer.keyboard.press("Enter")
    composer.keyboard.press("Enter")
    expect(composer.locator("#notice")).to_be_empty()
    assert sent() == []


def test_japanese_enter_takes_the_conversion_and_does_not_send(composer, sent):
    method = InputMethod(composer)
    method.compose("にほん")
    method.enter_while_composing("日本", then_enter=False)
    expect(composer.locator(FIELD)).to_have_value("日本")
    assert sent() == []
    composer.keyboard.press("Enter")
    expect(composer.locator(".typed .words")).to_have_text("日本")


@pytest.mark.parametrize("then_enter", [False, True], ids=["once", "and again by the system"])
def test_korean_enter_sends_the_whole_syllable_once(composer, sent, then_enter):
    method = InputMethod(composer)
    composer.keyboard.insert_text("안녕하세")
    method.compose("요")
    method.enter_while_composing("요", then_enter=then_enter)
    expect(composer.locator(".typed .words")).to_have_text("안녕하세요")
    expect(composer.locator(FIELD)).to_have_value("")
    assert sent() == ["안녕하세요"]


def test_on_touch_enter_is_a_new_line(scripted, new_context, sent):
    page = new_context(
        viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    ).new_page()
    page.goto(scripted.url)
    page.locator(FIELD).focus()
    page.keyboard.type("one")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    expect(page.locator(FIELD)).to_have_value("one\ntwo")
    page.get_by_role("button", name="Send").tap()
    expect(page.locator(".typed .words")).to_have_text("one\ntwo")
    assert sent() == ["one\ntwo"]


def test_escape_stops_the_reply(composer, scripted, sent):
    composer.keyboard.type("Much")
    composer.keyboard.press("Enter")
    expect(composer.locator("#action.stop")).to_be_visible()
    (turn_id,) = scripted.service.live
    scripted.do(scripted.service.show, turn_id, TurnPhase.WRITING, "Some text")
    expect(composer.locator(".prose")).to_have_text("Some text")
    composer.keyboard.press("Escape")
    expect(composer.get_by_text("You stopped this reply.")).to_be_visible()
    assert scripted.service.stopped == [turn_id]
    expect(composer.locator(FIELD)).to_be_focused()


def test_shortcuts_and_the_switch_that_turns_them_off(composer):
    page = composer
    page.locator("#menu-button").focus()
    page.keyboard.press("/")
    expect(page.locator(FIELD)).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.locator(FIELD)).to_have_value("a/b")
    page.keyboard.press("Control+/")
    expect(page.locator("#menu")).to_be_visible()
    page.get_by_label("Keyboard shortcuts").uncheck()
    page.keyboard.press("Escape")
    expect(page.locator("#menu")).to_be_hidden()
    page.locator("#menu-button").focus()
    page.keyboard.press("/")
    expect(page.locator("#menu-button")).to_be_focused()
    page.reload()
    page.keyboard.press("Control+/")
    expect(page.locator("#menu")).to_be_hidden()


def test_a_new_conversation_by_shortcut(scripted, composer):
    composer.keyboard.type("Hello")
    composer.keyboard.press("Enter")
    composer.wait_for_url("**/conversations/*")
    composer.keyboard.press("Control+Shift+O")
    composer.wait_for_url(scripted.url + "/")


def test_everything_is_reached_by_tab_and_says_what_it_is(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "```python\nx = 1\n```")
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    page.locator(".skip").focus()
    named = []
    for _ in range(24):
        name = page.evaluate(
            "() => { const e = document.activeElement;"
            " return e === document.body ? '' : (e.ariaLabel || e.labels?.[0]?.innerText"
            " || e.innerText || e.title).trim() }"
        )
        if not name:
            break
        named.append(name)
        page.keyboard.press("Tab")
    for control in (
        "Skip to your message",
        "New conversation",
        "Search all conversations",
        "Rice",
        "Menu",
        "Copy the message",
        "Edit the message",
        "Delete the message and its replies",
        "Copy",
        "Retry",
        "Copy the reply",
        "Your message",
        "Send",
    ):
        assert control in named
    assert named.index("Menu") < named.index("Copy") < named.index("Your message")


def test_the_way_through_deleting_by_keyboard_alone(scripted, page):
    conversation_id = scripted.service.add_conversation("Rice")
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    page.locator("#menu-button").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete conversation").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep it")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#menu-button")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete conversation").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Deleted for good")).to_be_visible()


def test_the_list_on_a_phone_gives_the_focus_back(scripted, new_context):
    page = new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(scripted.url)
    opener = page.get_by_role("button", name="Conversations")
    expect(page.get_by_role("navigation")).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(opener).to_be_focused()


def test_of_a_draft_nothing_leaves_the_page_and_focus_says_where_one_writes(scripted, page):
    conversation_id = scripted.do(scripted.service.add_conversation, "Garden")
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    page.locator("a#new").focus()
    bodies = []
    page.on("request", lambda request: bodies.append(request.post_data or ""))
    with page.expect_request("**/ahead") as said:
        page.locator(FIELD).focus()
    page.keyboard.type("a secret draft")
    page.locator("a#new").focus()
    page.locator(FIELD).focus()
    said.value.response()
    assert f"conversation_id={conversation_id}" in said.value.post_data
    assert scripted.service.ahead[-1] == conversation_id
    assert len(bodies) == 1, "once in a while is enough"
    assert "secret" not in "".join(bodies)
