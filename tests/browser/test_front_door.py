"""Setup, an invitation on a second browser, sign-in, and out everywhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser.new_box import PHONE, check_access, enter, new_box
from house import PASSWORD
from playwright.sync_api import BrowserContext, Page, expect
from scripted_box import RunningBox

from appliance.conversations.turn import TurnPhase

NewContext = Callable[..., BrowserContext]


@pytest.fixture
def setup_link(tmp_path: Path) -> Iterator[str]:
    with new_box(tmp_path / "data") as link:
        yield link


def test_a_box_is_set_up_somebody_is_invited_and_all_are_signed_out(
    new_context: NewContext, setup_link: str
) -> None:
    home = setup_link.rsplit("/setup/", 1)[0]
    ann = new_context(is_signed_in=False).new_page()
    ann.goto(home)
    expect(ann.get_by_role("heading")).to_have_text("Set up this box")
    ann.goto(setup_link)
    check_access(ann)
    enter(ann, "Ann", "Make my account")
    expect(ann.get_by_role("heading")).to_have_text("Welcome, Ann")
    check_access(ann)
    ann.get_by_role("link", name="Invite somebody").click()
    ann.get_by_role("button", name="Make a link").click()
    expect(ann.get_by_role("img", name="QR code of the link")).to_be_visible()
    check_access(ann)
    invitation = ann.get_by_label("Link", exact=True).input_value()

    phone = new_context(is_signed_in=False, color_scheme="dark", **PHONE)
    ben = phone.new_page()
    ben.goto(invitation)
    expect(ben.get_by_text("Ann invites you")).to_be_visible()
    check_access(ben)
    enter(ben, "Ben", "Make my account")
    ben.get_by_role("link", name="Start a conversation").tap()
    expect(ben.get_by_label("Your message")).to_be_visible()

    other = new_context(is_signed_in=False).new_page()
    other.goto(f"{home}/account")
    check_access(other)
    enter(other, "Ben", "Sign in")
    expect(other.get_by_text("You are signed in as Ben.")).to_be_visible()
    expect(other.get_by_role("button", name="Sign out there")).to_have_count(1)
    check_access(other)

    # What Ben is about to write on his phone is there when he is back.
    ben.get_by_label("Your message").fill("A thought of mine")
    other.get_by_role("button", name="Sign out everywhere, here too").click()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    ben.evaluate("dispatchEvent(new Event('focus'))")
    expect(ben.get_by_text("You are signed out here.")).to_be_visible()
    check_access(ben)
    enter(ben, "Ben", "Sign in")
    expect(ben.get_by_label("Your message")).to_have_value("A thought of mine")
    # Ann was never meant.
    ann.goto(home)
    expect(ann.get_by_label("Your message")).to_be_visible()


def test_signing_out_in_one_tab_is_seen_in_the_other(
    new_context: NewContext, setup_link: str
) -> None:
    home = setup_link.rsplit("/setup/", 1)[0]
    context = new_context(is_signed_in=False)
    tab, other = context.new_page(), context.new_page()
    tab.goto(setup_link)
    enter(tab, "Ann", "Make my account")
    expect(tab.get_by_role("heading")).to_have_text("Welcome, Ann")
    tab.goto(home)
    other.goto(home)
    tab.get_by_role("button", name="Menu").click()
    expect(tab.get_by_role("link", name="Account: Ann")).to_be_visible()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    other.evaluate("dispatchEvent(new Event('focus'))")
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_page_that_follows_a_reply_is_sent_to_the_sign_in(
    page: Page, scripted: RunningBox, say: Callable[[Page, str], None]
) -> None:
    page.goto(scripted.url)
    say(page, "Tell me about herons")
    expect(page.get_by_text("Tell me about herons").last).to_be_visible()
    (turn_id,) = scripted.service.live
    scripted.do(scripted.service.show, turn_id, TurnPhase.WRITING, "A heron")
    expect(page.get_by_text("A heron")).to_be_visible()

    def sign_out() -> None:
        scripted.door.sign_ins.accounts.clear()  # type: ignore[attr-defined]
        scripted.door.sign_ins.open_requests.end(lambda each: True)

    scripted.do(sign_out)
    expect(page.get_by_text("You are signed out here.")).to_be_visible(timeout=20_000)


def test_all_of_it_works_without_scripts(new_context: NewContext, setup_link: str) -> None:
    page = new_context(is_signed_in=False, java_script_enabled=False, **PHONE).new_page()
    page.goto(setup_link)
    page.get_by_label("Name").fill("An\u202en")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be seen")
    enter(page, "Ann", "Make my account")
    page.get_by_role("link", name="Start a conversation").click()
    expect(page.get_by_label("Your message")).to_be_visible()
    page.goto(setup_link.rsplit("/setup/", 1)[0] + "/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    enter(page, "Ann", "Sign in")
    expect(page.get_by_label("Your message")).to_be_visible()
