"""What hostile models, people and files write is text in a real browser: nothing of it runs, and
nothing asks for anything.
"""

from html import escape

import pytest
from browser.hostile_box import (
    CASES,
    GROUPS,
    TOGETHER,
    Alarm,
    as_title,
    hostile_box,
    messages_of,
    provoke,
)
from hostile_markup import MARKUP
from playwright.sync_api import expect

from appliance.conversations.turn import TurnPhase


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with hostile_box(tmp_path_factory.mktemp("hostile")) as box:
        yield box


@pytest.fixture
def watched(new_context):
    """A page, what came to life in it, and what it asked for."""
    context = new_context()
    alarm = Alarm(context)
    return alarm.new_page(), alarm, context.watch.requests


def test_there_are_enough_of_them():
    assert len(set(CASES)) > 300


def test_without_a_box_around_them_many_would_come_to_life(chromium):
    """Or the silence of the other tests would prove nothing."""
    with chromium.new_context() as context:
        alarm, requests = Alarm(context), []
        context.route("**/*", lambda route: requests.append(route.request.url) or route.abort())
        frames = (f'<iframe srcdoc="{escape(case)}"></iframe>' for case in MARKUP)
        alarm.new_page().set_content("".join(frames))
        asked = {url for url in requests if "evil.example" in url}
        assert len(alarm.heard) >= 30, alarm.heard
        assert len(asked) >= 10, asked


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_as_messages_and_replies_and_titles(box, watched, group):
    page, alarm, requests = watched
    page.goto(f"{box.url}/conversations/{box.conversations[group]}")
    expect(page.locator(".reply")).to_have_count(len(messages_of(GROUPS[group])))
    expect(page).to_have_title(as_title(GROUPS[group][0]))
    provoke(page, alarm, requests)


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_on_a_page_that_is_shared(box, new_context, group):
    context = new_context(is_signed_in=False)
    alarm = Alarm(context)
    page = alarm.new_page()
    page.goto(f"{box.url}/shared/{box.secrets[group]}")
    expect(page.locator(".prose")).to_have_count(len(messages_of(GROUPS[group])))
    provoke(page, alarm, context.watch.requests)


@pytest.mark.parametrize(
    "path", ["/search?q=fired", "/search?q=%3Cimg+src%3Dx", "/", "/account/keys", "/data"]
)
def test_as_what_is_found_and_as_names_of_things(box, watched, path):
    page, alarm, requests = watched
    answer = page.goto(f"{box.url}{path}")
    assert answer.status == 200
    provoke(page, alarm, requests)


def test_in_the_form_that_edits_a_message(box, watched):
    page, alarm, requests = watched
    page.goto(f"{box.url}/conversations/{box.conversations[0]}")
    page.get_by_role("button", name="Edit the message").last.click()
    expect(page.locator(".edit-place textarea")).to_have_value(messages_of(GROUPS[0])[-1])
    provoke(page, alarm, requests)


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_while_a_reply_with_them_grows(scripted, watched, say, group):
    """Cut now and then, so that what is open on the page is half a tag, a link, a fence."""
    page, alarm, requests = watched
    page.goto(scripted.url)
    say(page, "Write something.")
    expect(page.locator(".status")).to_be_visible()
    (turn_id,) = scripted.service.live
    cases, text = GROUPS[group], ""
    for at in range(0, len(cases), TOGETHER):
        *before, last = cases[at : at + TOGETHER]
        text += "\n\n".join([*before, f"mark{at}x", last[: len(last) // 2]])
        scripted.do(scripted.service.show, turn_id, TurnPhase.WRITING, text)
        expect(page.locator(".prose")).to_contain_text(f"mark{at}x")
        assert not alarm.heard, alarm.heard
        text += last[len(last) // 2 :] + "\n\n"
    provoke(page, alarm, requests)
    scripted.do(scripted.service.finish, turn_id, text)
    expect(page.locator(".reply .after")).to_be_attached()
    provoke(page, alarm, requests)
