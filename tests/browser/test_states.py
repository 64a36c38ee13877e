"""Every state of the page, with a box that waits for the test's word."""

import re

import pytest
from playwright.sync_api import expect
from scripted_box import RunningBox

from appliance.conversations.box_status import BoxStatus
from appliance.conversations.turn import TurnPhase, TurnStatus
from appliance.errors import QueueFull


@pytest.fixture
def asked(scripted, page, say):
    """A page that has sent its first message, and the turn that waits for the script."""
    page.goto(scripted.url)
    say(page, "What is rice?")
    expect(page.locator(".status")).to_be_visible()
    (turn_id,) = scripted.service.live
    return page, turn_id


@pytest.fixture
def show(scripted, asked):
    _, turn_id = asked

    def step(phase, text="", **more):
        scripted.do(scripted.service.show, turn_id, phase, text, **more)

    return step


@pytest.fixture
def finish(scripted, asked):
    _, turn_id = asked

    def step(text, **more):
        scripted.do(scripted.service.finish, turn_id, text, **more)

    return step


def test_an_empty_box_invites(scripted, page):
    page.goto(scripted.url)
    expect(page.get_by_role("heading", name="Hello. What is on your mind?")).to_be_visible()
    expect(page.get_by_role("list", name="First questions").get_by_role("button")).to_have_count(4)


def test_waiting_says_what_the_box_is_doing(asked, show):
    page, _ = asked
    status = page.locator(".status")
    show(TurnPhase.LOADING)
    expect(status).to_have_text("Loading the model")
    show(TurnPhase.WAITING, place=3)
    expect(status).to_have_text("Third in line")
    show(TurnPhase.WAITING, place=1)
    expect(status).to_have_text("Next in line")
    show(TurnPhase.READING, place=None, prefilled_tokens=34, prompt_tokens=100)
    expect(status).to_contain_text("Reading your message, 34 %")
    expect(page.get_by_role("progressbar")).to_have_attribute("value", "34")
    expect(page.locator("#announce")).to_have_text("Answering.")
    show(TurnPhase.WRITING, "Rice is")
    expect(status).to_have_text("Writing")


def test_a_failure_says_what_happened_and_retry_goes_on(scripted, asked, show, finish):
    page, old_id = asked
    show(TurnPhase.WRITING, "Half a repl")
    finish("Half a repl", status=TurnStatus.FAILED, error="The model gave up. Try again.")
    expect(page.get_by_role("alert")).to_have_text("The model gave up. Try again.")
    expect(page.locator(".prose")).to_have_text("Half a repl")
    page.get_by_role("button", name="Retry").click()
    expect(page.locator(".status")).to_be_visible()
    expect(page.locator(f"#turn-{old_id}")).to_have_count(0)
    (new_id,) = scripted.service.live
    scripted.do(scripted.service.finish, new_id, "A whole reply.")
    expect(page.locator(".prose")).to_have_text("A whole reply.")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_reply_cut_by_the_limit_says_how_to_go_on(asked, finish):
    page, _ = asked
    finish("Long", finish_reason="length")
    expect(page.get_by_text("The reply reached its length limit.")).to_be_visible()


def test_a_refused_message_stays_in_the_composer(scripted, page, say):
    page.goto(scripted.url)
    scripted.service.refusal = QueueFull("Too many wait already. Try again in a minute.")
    say(page, "Precious words")
    alert = page.locator("#notice").get_by_role("alert")
    expect(alert).to_have_text("Too many wait already. Try again in a minute.")
    assert page.get_by_label("Your message").input_value() == "Precious words"
    scripted.service.refusal = None
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed")).to_contain_text("Precious words")
    expect(alert).to_have_count(0)
    expect(page.get_by_label("Your message")).to_have_value("")


def test_a_box_that_is_away_keeps_the_text_too(scripted, page, say):
    page.goto(scripted.url)
    page.context.set_offline(True)
    say(page, "Precious words")
    expect(page.locator("#notice").get_by_role("alert")).to_contain_text("did not answer")
    assert page.get_by_label("Your message").input_value() == "Precious words"


def test_a_lost_connection_is_said_and_comes_back_by_itself(tmp_path, scripted, page, say):
    port = int(scripted.url.rsplit(":", 1)[1])
    service = scripted.service
    page.goto(scripted.url)
    say(page, "What is rice?")
    expect(page.locator(".status")).to_be_visible()
    (turn_id,) = service.live
    scripted.do(service.show, turn_id, TurnPhase.WRITING, "Rice is")
    expect(page.locator(".prose")).to_have_text("Rice is")
    # The stream ends without its end, as when the box restarts, and then nobody answers.
    scripted.stop()
    expect(page.locator("#connection")).to_contain_text("The box is away; your message is safe.")
    with RunningBox(service, tmp_path).running(port) as again:
        again.do(service.wake_up)
        expect(page.locator("#connection")).to_have_text("", timeout=15_000)
        again.do(service.show, turn_id, TurnPhase.WRITING, "Rice is a grain")
        expect(page.locator(".prose")).to_have_text("Rice is a grain")
        again.do(service.finish, turn_id, "Rice is a grain.")
        expect(page.locator(".prose")).to_have_text("Rice is a grain.")
        expect(page.locator("#action.send")).to_be_visible()


def test_a_slow_network_does_not_lose_the_stream(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Rice")
    turn = service.begin(conversation_id, "What?")
    held = []
    page.route("**/hx-sse.min.js", lambda route: held.append(route))
    page.goto(f"{scripted.url}/conversations/{conversation_id}", wait_until="commit")
    expect(page.locator(".status")).to_be_visible()
    page.wait_for_timeout(200)
    with page.expect_request("**/stream"):
        held[0].continue_()
    scripted.do(service.finish, turn.turn_id, "A grain.")
    expect(page.locator(".prose")).to_have_text("A grain.")


def test_a_silent_stream_is_taken_up_again(scripted, page, say):
    page.clock.install()
    page.goto(scripted.url)
    say(page, "What is rice?")
    expect(page.locator(".status")).to_be_visible()
    with page.expect_request("**/stream"):
        # A cable is pulled: nothing arrives and nothing breaks.
        page.clock.run_for(31_000)


def test_the_model_loads_while_the_page_is_open(scripted, page):
    scripted.service.status = BoxStatus("loading", "a-model", "The model is loading.")
    page.goto(scripted.url)
    expect(page.locator(".box-state")).to_have_text("Loading the model")
    scripted.service.status = BoxStatus("ready", "a-model", "Ready.")
    expect(page.locator(".box-state")).to_have_text("Ready")


def test_a_broken_model_says_what_to_do(scripted, page):
    scripted.service.status = BoxStatus("failed", "a-model", "The file is damaged. Add it again.")
    page.goto(scripted.url)
    expect(page.get_by_role("alert")).to_have_text("The file is damaged. Add it again.")
    expect(page.get_by_label("Your message")).to_be_editable()


def test_deleted_in_another_tab(scripted, asked, finish):
    page, _ = asked
    finish("A grain.")
    expect(page.locator("#action.send")).to_be_visible()
    page.get_by_label("Your message").fill("And what is wheat?")
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Menu").click()
    other.get_by_role("button", name="Delete conversation").click()
    other.get_by_role("button", name="Delete", exact=True).click()
    page.bring_to_front()
    expect(page.get_by_text("This conversation was deleted.")).to_be_visible()
    expect(page.get_by_text("A grain.")).to_have_count(0)
    assert page.get_by_label("Your message").input_value() == "And what is wheat?"
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed")).to_have_text(re.compile("And what is wheat"))


def test_a_draft_survives_a_reload_and_ends_with_sending(scripted, page):
    page.goto(scripted.url)
    page.get_by_label("Your message").fill("안녕 half a thou")
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("안녕 half a thou")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".typed")).to_be_visible()
    page.goto(scripted.url)
    expect(page.get_by_label("Your message")).to_have_value("")


def test_hostile_text_is_shown_and_not_obeyed(scripted, asked, show, finish, page):
    asked_page, _ = asked
    hostile = (
        "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\n\n"
        "[a](javascript:document.title='owned') ![b](https://elsewhere.example/x.png)\n\n"
        '<hx-partial hx-target="body" hx-swap="delete"></hx-partial> <b hx-get="/x">c</b>\n\n'
        '[d](https://x.example "</hx-partial><hx-partial hx-target=body hx-swap=delete>")\n\n'
        "```html\n</code></pre></div><form action=//elsewhere.example>\n```\n"
    )
    show(TurnPhase.WRITING, hostile)
    expect(asked_page.locator("figure.code")).to_be_visible()
    finish(hostile)
    expect(asked_page.locator("#action.send")).to_be_visible()
    expect(asked_page.locator("#content")).to_be_visible()
    for _ in range(2):
        expect(asked_page).to_have_title("What is rice?")
        assert asked_page.locator(".prose :is(img, script, form, [hx-get])").count() == 0
        asked_page.reload()


def test_the_theme_is_the_systems_unless_chosen_and_does_not_flash(scripted, new_context):
    page = new_context(color_scheme="dark").new_page()
    page.goto(scripted.url)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(23, 22, 20)"
    page.get_by_role("button", name="Menu").click()
    page.get_by_label("Light").check()
    assert page.evaluate(ground) == "rgb(250, 249, 247)"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "light"
    assert page.evaluate(ground) == "rgb(250, 249, 247)"


def test_older_messages_come_on_scrolling_up_and_the_place_is_kept(scripted, page):
    service = scripted.service
    conversation_id = service.add_conversation("Long")
    for number in range(60):
        service.add_exchange(conversation_id, f"question {number}.", f"answer {number}.")
    page.goto(f"{scripted.url}/conversations/{conversation_id}")
    expect(page.locator(".message")).to_have_count(50)
    place = "() => document.querySelector('.typed').getBoundingClientRect().top"
    page.locator(".typed").first.scroll_into_view_if_needed()
    expect(page.locator(".message")).to_have_count(100)
    first_of_old = page.get_by_text("question 35.")
    expect(first_of_old).to_be_in_viewport()
    assert page.evaluate(place) < 0
