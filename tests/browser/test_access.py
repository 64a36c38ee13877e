"""Nothing that axe-core complains of, in any state, theme or width."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.turn import TurnPhase, TurnStatus

SIZES = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
RICH = """\
Text with **weight**, `code` and a [link](https://example.org).

## A heading

1. one
   - inner

```python
class A:
    "a string"
    def f(self): return 1.5  # a comment that is long enough to need scrolling sideways on a phone
```

| Name | A long heading for a column | Another long heading | And one more |
|---|--:|:-:|---|
| a | 1 | 2 | a rather long cell of text in a table |

> A quotation.

안녕하세요, 반갑습니다.
"""


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture(params=["wide", "phone"])
def page(request, new_context, scheme):
    return new_context(**SIZES[request.param], color_scheme=scheme, bypass_csp=True).new_page()


def complaints(page):
    # What fades in must have arrived before its contrast can be judged.
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


def test_the_empty_page(scripted, page):
    page.goto(scripted.url)
    assert complaints(page) == []


def test_a_conversation_with_all_that_markdown_has(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", RICH, at=service.now - 90_000)
    service.add_exchange(
        conversation_id,
        "x" * 5_000,
        "Short.",
        finish_reason="length",
        prompt_record={"dropped_messages": 6},
    )
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    page.locator(".message").last.hover()
    assert complaints(page) == []


def test_a_running_and_a_failed_reply(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    turn = service.begin(conversation_id, "What?")
    service.show(
        turn.turn_id, TurnPhase.READING, prefilled_tokens=3, prompt_tokens=9, wait_seconds=9
    )
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert complaints(page) == []
    scripted.do(service.finish, turn.turn_id, "", status=TurnStatus.FAILED, error="It fell over.")
    expect(page.get_by_role("alert")).to_be_visible()
    assert complaints(page) == []


def test_a_box_without_a_model(scripted, page):
    scripted.service.status = BoxStatus("failed", "a-model", "The file is damaged. Add it again.")
    page.goto(scripted.url)
    assert complaints(page) == []


def test_the_menu_the_list_and_the_dialogs(scripted, page):
    conversation_id = scripted.service.add_conversation("Rice")
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    opener = page.locator("header [popovertarget=sidebar]")
    if opener.is_visible():
        opener.click()
        assert complaints(page) == []
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Menu").click()
    assert complaints(page) == []
    page.get_by_role("button", name="Delete conversation").click()
    assert complaints(page) == []
    page.keyboard.press("Escape")
    page.locator(".title-button").click()
    assert complaints(page) == []


def test_the_page_of_an_error(scripted, page):
    page.goto(f"{scripted.url}/conversations/unknown")
    assert complaints(page) == []


def test_what_the_model_saw_in_the_drawer_and_on_its_page(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    record = {"dropped_messages": 6, "window_messages": 1, "system_tokens": 9}
    turn = service.add_exchange(conversation_id, "What?", "That.", prompt_record=record)
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    page.locator(".reply").hover()
    page.get_by_role("button", name="Details").click()
    page.get_by_text("Left out").wait_for()
    assert complaints(page) == []
    scripted.do(service.replays.show, TurnPhase.ENDED, "This.")
    page.get_by_role("button", name="Run again").click()
    page.get_by_text("then they part").wait_for()
    assert complaints(page) == []
    page.goto(f"{scripted.url}/turns/{turn.turn_id}/prompt")
    assert complaints(page) == []


def test_touch_targets_are_large_enough(scripted, new_context):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "What?", "```\ncode\n```", status=TurnStatus.CANCELLED)
    page = new_context(**SIZES["phone"]).new_page()
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input:not([type=hidden]), textarea')]
          .filter((e) => e.checkVisibility() && !e.matches('.skip'))
          .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
          .filter(([, r]) => r.height < 43.9 || r.width < 43.9)
          .map(([html, r]) => `${html} ${r.width}x${r.height}`)"""
    )
    assert small == []
    assert page.locator("#content").evaluate("(e) => getComputedStyle(e).fontSize") == "16px"
