"""On a LAN the page comes over plain HTTP, where browsers hold many things back."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

CODE = "def f():\n    return '안녕'\n"


def test_code_and_replies_are_copied_without_a_clipboard(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", f"Here:\n\n```python\n{CODE}```\n\nDone.")
    port = urlsplit(scripted.url).port
    page.goto(f"http://box.test:{port}/conversations/{conversation_id}")
    assert page.evaluate("isSecureContext") is False
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.typed .words'))")
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert pasted(page) == CODE
    page.get_by_role("button", name="Copy the reply").click()
    expect(page.locator("#announce")).to_have_text("Copied")
    assert pasted(page) == f"Here:\n\n{CODE.strip()}\n\nDone."


def test_sending_and_the_stream_work_there_too(scripted, page, say):
    page.goto(f"http://box.test:{urlsplit(scripted.url).port}")
    say(page, "What is rice?")
    (turn_id,) = wait_for_a_turn(page, scripted)
    scripted.do(scripted.service.finish, turn_id, "A grain.")
    expect(page.locator(".prose")).to_have_text("A grain.")


def wait_for_a_turn(page, scripted):
    expect(page.locator(".status")).to_be_visible()
    return tuple(scripted.service.live)


def pasted(page):
    field = page.get_by_label("Your message")
    field.fill("")
    field.press("Control+V")
    value = field.input_value()
    field.fill("")
    return value
