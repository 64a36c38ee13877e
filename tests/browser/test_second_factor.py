"""A code and a passkey at the sign-in, as people meet them; the device is a virtual one."""

import re
from collections.abc import Callable, Iterator
from time import time
from typing import Any

import pyotp
import pytest
from browser.new_box import PHONE, check_access, enter, new_box
from house import PASSWORD
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

NewContext = Callable[..., BrowserContext]
PAGE = "/account/second-factor"


@pytest.fixture
def setup_link(tmp_path) -> Iterator[str]:
    # A page of this machine's own name is trusted without TLS, and passkeys need a name.
    with new_box(tmp_path / "data") as link:
        yield link.replace("127.0.0.1", "localhost")


def home_of(setup_link: str) -> str:
    return setup_link.rsplit("/setup/", 1)[0]


def set_up(page: Page, setup_link: str) -> None:
    page.goto(setup_link)
    enter(page, "Ann", "Make my account")
    expect(page.get_by_role("heading")).to_have_text("Welcome, Ann")


def sign_out(page: Page, home: str) -> None:
    page.goto(f"{home}/account")
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def device(page: Page) -> CDPSession:
    """A lock with a finger on it, in this page's browser."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    session.id = made["authenticatorId"]  # type: ignore[attr-defined]
    return session


def credential_in(session: Any) -> dict[str, Any]:
    asked = {"authenticatorId": session.id}
    (found,) = session.send("WebAuthn.getCredentials", asked)["credentials"]
    return found


def make_passkey(page: Page, home: str, name: str = "This phone") -> None:
    page.goto(home + PAGE)
    page.get_by_label("A name for it").fill(name)
    page.get_by_label("Your password").last.fill(PASSWORD)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_text("The passkey is kept.")).to_be_visible()


@pytest.mark.parametrize("is_scripted", [True, False])
def test_a_code_is_set_up_asked_for_and_taken_once(
    new_context: NewContext, setup_link: str, is_scripted: bool
) -> None:
    look = {"color_scheme": "dark", **PHONE} if is_scripted else {}
    page = new_context(
        is_signed_in=False, java_script_enabled=is_scripted, bypass_csp=is_scripted, **look
    ).new_page()
    home = home_of(setup_link)
    set_up(page, setup_link)
    page.goto(home + PAGE)
    expect(page.get_by_text("Know before you begin")).to_be_visible()
    if is_scripted:
        check_access(page)
    page.get_by_role("link", name="Set it up").click()
    expect(page.get_by_role("img", name="QR code for the app")).to_be_visible()
    if is_scripted:
        check_access(page)
    codes = pyotp.TOTP("".join(page.locator(".recovery-code span").all_inner_texts()))
    page.get_by_label("The six digits").fill("000000")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Ask for codes").click()
    expect(page.get_by_role("alert")).to_contain_text("not the code of now")
    used = codes.at(time())
    page.get_by_label("The six digits").fill(used)
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Ask for codes").click()
    expect(page.get_by_text("They are shown only now")).to_be_visible()
    spare = page.locator(".spare-codes li").all_inner_texts()
    assert len(spare) == 8
    if is_scripted:
        check_access(page)

    sign_out(page, home)
    page.goto(f"{home}/sign-in?next=/search%3Fq%3Dtea")
    enter(page, "Ann", "Sign in")
    expect(page.get_by_role("heading", name="The second step")).to_be_visible()
    if is_scripted:
        check_access(page)
    page.get_by_label("Six digits").fill(used)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("was used already")
    page.get_by_label("Six digits").fill(codes.at(time() + 300))
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"this box says \d"))
    page.get_by_text("The phone is not here").click()
    page.get_by_label("Spare code").fill(spare[0].lower())
    page.get_by_role("button", name="Sign in with the spare code").click()
    expect(page).to_have_url(f"{home}/search?q=tea")

    page.goto(home + PAGE)
    expect(page.get_by_text("You have 7 spare codes left.")).to_be_visible()
    page.locator("summary", has_text="Ask for no code any more").click()
    page.get_by_label("Or a code, or a spare code").fill(spare[1])
    page.get_by_role("button", name="Ask for no code any more").click()
    expect(page.get_by_text("No code is asked for any more.")).to_be_visible()
    sign_out(page, home)
    enter(page, "Ann", "Sign in")
    expect(page.get_by_label("Your message")).to_be_visible()


def test_a_passkey_signs_in_alone_and_is_removed(new_context: NewContext, setup_link: str) -> None:
    page = new_context(is_signed_in=False, bypass_csp=True).new_page()
    home = home_of(setup_link)
    set_up(page, setup_link)
    device(page)
    page.goto(home + PAGE)
    page.get_by_label("A name for it").fill("This phone")
    page.get_by_label("Your password").last.fill("not the password")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("not your password")
    make_passkey(page, home)
    check_access(page)
    sign_out(page, home)
    check_access(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_label("Your message")).to_be_visible()
    page.goto(home + PAGE)
    expect(page.get_by_text("Last used: Today")).to_be_visible()
    # The same device makes no second one.
    page.get_by_label("A name for it").fill("Again")
    page.get_by_label("Your password").last.fill(PASSWORD)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("has a passkey for your account already")
    make_second = page.context.new_page()
    make_second.goto(home + PAGE)
    make_second.get_by_role("button", name="Remove the passkey This phone").click()
    expect(make_second.get_by_text("lets nobody in any more")).to_be_visible()
    make_second.close()
    sign_out(page, home)
    expect(page.get_by_role("button", name="Use a passkey")).to_have_count(0)


def test_a_passkey_that_counts_backwards_is_refused(
    new_context: NewContext, setup_link: str
) -> None:
    page = new_context(is_signed_in=False).new_page()
    home = home_of(setup_link)
    set_up(page, setup_link)
    session: Any = device(page)
    make_passkey(page, home)
    copied = credential_in(session)
    sign_out(page, home)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_label("Your message")).to_be_visible()
    sign_out(page, home)
    # A copy that was made before that use.
    place = {"authenticatorId": session.id}
    session.send("WebAuthn.clearCredentials", place)
    session.send("WebAuthn.addCredential", place | {"credential": copied | {"signCount": 0}})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert").first).to_contain_text("may be a copy")
    enter(page, "Ann", "Sign in")
    expect(page.get_by_label("Your message")).to_be_visible()
    page.goto(f"{home}/admin/audit?act=passkey+refused")
    expect(page.get_by_text("passkey refused").last).to_be_visible()


def test_a_passkey_stands_in_for_the_code(new_context: NewContext, setup_link: str) -> None:
    page = new_context(is_signed_in=False).new_page()
    home = home_of(setup_link)
    set_up(page, setup_link)
    device(page)
    make_passkey(page, home)
    page.goto(f"{home}{PAGE}/setup")
    codes = pyotp.TOTP("".join(page.locator(".recovery-code span").all_inner_texts()))
    page.get_by_label("The six digits").fill(codes.now())
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Ask for codes").click()
    expect(page.locator(".spare-codes")).to_be_visible()
    sign_out(page, home)
    enter(page, "Ann", "Sign in")
    expect(page.get_by_role("heading", name="The second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_label("Your message")).to_be_visible()


def test_where_no_passkey_can_be_made_the_page_says_why(
    new_context: NewContext, setup_link: str
) -> None:
    page = new_context(is_signed_in=False).new_page()
    numbered = setup_link.replace("localhost", "127.0.0.1")
    set_up(page, numbered)
    page.goto(home_of(numbered) + PAGE)
    expect(page.get_by_text("This page is open under a number.")).to_be_visible()
    expect(page.get_by_role("button", name="Make a passkey")).to_have_count(0)
