"""What the model saw, in the drawer: looked at, run again, closed."""

import pytest
from playwright.sync_api import expect

from appliance.conversations.turn import TurnPhase

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
RECORD = {
    "system_tokens": 14,
    "dropped_messages": 6,
    "window_messages": 1,
    "message_tokens": [9],
    "context_tokens": 8192,
    "reply_tokens": 2048,
    "model_name": "a-model",
}


@pytest.fixture
def turn(scripted):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    service.add_exchange(conversation_id, "Who is there?", "Nobody.")
    return service.add_exchange(
        conversation_id, "What is rice?", "A grain.", prompt_record=RECORD, seed=7, attempts=1
    )


def open_details(scripted, page, turn):
    page.goto(f"{scripted.url}/conversations/{turn.conversation_id}")
    reply = page.locator(f"#turn-{turn.turn_id}")
    reply.hover()
    reply.get_by_role("button", name="Details").click()
    drawer = page.get_by_role("dialog", name="What the model saw")
    expect(drawer).to_contain_text("What is rice?")
    return drawer


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
def test_it_stands_at_the_side_or_comes_from_below(scripted, new_context, turn, options):
    page = new_context(**options, reduced_motion="reduce").new_page()
    drawer = open_details(scripted, page, turn)
    box, screen = drawer.bounding_box(), page.viewport_size
    assert box["x"] + box["width"] == screen["width"]
    assert box["y"] + box["height"] == screen["height"]
    if options:
        assert (box["x"], box["y"] > 50) == (0, True)
    else:
        assert (box["y"], box["x"] > 600) == (0, True)
    overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow == 0


def test_the_keyboard_opens_it_reads_it_and_comes_back(scripted, page, turn):
    page.goto(f"{scripted.url}/conversations/{turn.conversation_id}")
    details = page.locator(f"#turn-{turn.turn_id}").get_by_role("button", name="Details")
    details.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog", name="What the model saw")
    expect(drawer).to_contain_text("Left out")
    expect(drawer.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(details).to_be_focused()
    expect(page.locator("#drawer-body")).to_be_empty()


def test_a_run_grows_beside_the_first_and_is_compared(scripted, page, turn):
    drawer, replays = open_details(scripted, page, turn), scripted.service.replays
    scripted.do(replays.show, TurnPhase.WAITING, others=1)
    drawer.get_by_role("button", name="Run again").click()
    status = drawer.locator("#replay-status")
    expect(status).to_have_text("Waiting until the model is free: it is busy with 1 other run.")
    for text in ("A ", "A grain", "A grain\n\n\tof sand"):
        scripted.do(replays.show, TurnPhase.WRITING, text)
        expect(drawer.locator("#replay-now")).to_have_text(text, use_inner_text=True)
    scripted.do(replays.show, TurnPhase.ENDED, "A grain\n\n\tof sand")
    expect(status).to_have_text("The same for the first 7 characters, then they part.")
    expect(drawer.locator("mark")).to_have_text([".", "of sand"])
    # And once more.
    scripted.do(replays.show, TurnPhase.ENDED, "A grain.")
    drawer.get_by_role("button", name="Run again").click()
    expect(status).to_have_text("The same, word for word.")


def test_closing_it_ends_the_run(scripted, page, turn):
    drawer, replays = open_details(scripted, page, turn), scripted.service.replays
    scripted.do(replays.show, TurnPhase.WRITING, "A ")
    drawer.get_by_role("button", name="Run again").click()
    expect(drawer.locator("#replay-now")).to_be_visible()
    assert replays.readers == 1
    drawer.get_by_role("button", name="Close").click()
    expect(page.locator("#drawer-body")).to_be_empty()
    scripted.wait(replays.until_nobody_reads())


def test_a_reply_that_is_gone_is_said_in_the_drawer(scripted, page, turn):
    page.goto(f"{scripted.url}/conversations/{turn.conversation_id}")
    reply = page.locator(f"#turn-{turn.turn_id}")
    reply.hover()
    scripted.do(scripted.service.turns.pop, turn.turn_id)
    reply.get_by_role("button", name="Details").click()
    drawer = page.get_by_role("dialog", name="What the model saw")
    expect(drawer.get_by_role("alert")).to_have_text("There is no such reply.")


def test_without_javascript_it_is_a_page(scripted, new_context, turn):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{scripted.url}/conversations/{turn.conversation_id}")
    reply = page.locator(f"#turn-{turn.turn_id}")
    reply.hover()
    reply.get_by_role("link", name="Details").click()
    expect(page.get_by_role("heading", name="What the model saw")).to_be_visible()
    expect(page.get_by_text("Left out")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="Back to the conversation").click()
    expect(page.locator(f"#turn-{turn.turn_id}")).to_contain_text("A grain.")
