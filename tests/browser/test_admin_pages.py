"""The pages of an admin in a real browser, wide and on a phone, with and without scripts."""

from collections.abc import Iterator

import pytest
from appliance_process import UnpreparedProcess
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from signed_in import prepare

from appliance.accounts.account import AccountRole

WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SIZES = {"wide": WIDE, "phone": PHONE}
PAGES = ("people", "models", "limits", "health", "audit")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnpreparedProcess]:
    """Real, without a model: none of this needs one that answers."""
    directory = tmp_path_factory.mktemp("box")
    prepare(directory, "me", AccountRole.ADMIN)
    prepare(directory, "eve")
    folder = directory / "models" / "incoming"
    folder.mkdir(parents=True)
    (folder / "letter.gguf").write_text("Dear all")
    with UnpreparedProcess(
        directory, "--model", "no-such-model", APPLIANCE_HOT__EMBEDDED="false"
    ) as process:
        process.wait_for("No model yet: ")
        yield process


def complaints(page):
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


@pytest.mark.parametrize("language", ["ko", "ja", "de"])
def test_no_language_is_wider_than_a_small_phone(box, new_context, language):
    small = {**PHONE, "viewport": {"width": 320, "height": 640}}
    page = new_context(locale=language, **small).new_page()
    own = ("/account", "/account/keys", "/account/usage", "/shared-links", "/invitations", "/trust")
    for path in (*own, *(f"/admin/{name}" for name in PAGES)):
        page.goto(box.url + path)
        expect(page.locator("html")).to_have_attribute("lang", language)
        for fold in page.locator("main details > summary").all():
            fold.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_that_axe_complains_of(box, new_context, size, scheme):
    page = new_context(**SIZES[size], color_scheme=scheme, bypass_csp=True).new_page()
    for name in PAGES:
        page.goto(f"{box.url}/admin/{name}")
        for fold in page.locator("details.acts summary").all():
            fold.click()
        assert complaints(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        if size == "phone":
            small = page.evaluate(
                """() => [...document.querySelectorAll(
                     'button, a, select, summary, input:not([type=hidden], [type=checkbox])')]
                  .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.9)
                  .map((e) => e.outerHTML.slice(0, 90))"""
            )
            assert small == [], name


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_account_is_disabled_and_let_in_again(box, new_context, has_scripts):
    page = new_context(java_script_enabled=has_scripts).new_page()
    page.goto(f"{box.url}/account")
    page.get_by_role("link", name="Look after the box").click()
    eve = page.locator(".things > li", has_text="eve")
    eve.get_by_label("Change the account of eve").click()
    eve.get_by_role("button", name="Disable the account").click()
    expect(page.get_by_role("status").filter(has_text="The account is disabled")).to_be_visible()
    eve.get_by_label("Change the account of eve").click()
    eve.get_by_role("button", name="Let it be used again").click()
    expect(page.get_by_role("status").filter(has_text="may be used again")).to_be_visible()
    page.get_by_role("link", name="Record").click()
    expect(page.get_by_role("cell", name="disabled").first).to_be_visible()


def test_a_file_that_is_no_model_is_sent_and_the_open_page_says_so(box, new_context, tmp_path):
    letter = tmp_path / "Letter.gguf"
    letter.write_text("Dear all, " * 100_000)
    page = new_context().new_page()
    page.goto(f"{box.url}/admin/models")
    page.get_by_label("File", exact=True).set_input_files(letter)
    page.get_by_role("button", name="Send and try it").click()
    expect(page.get_by_text("letter was not added.")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Letter.gguf")).to_be_visible()


def test_an_open_page_follows_what_happens_to_a_model(box, new_context):
    context = new_context()
    watching, acting = context.new_page(), context.new_page()
    watching.goto(f"{box.url}/admin/models")
    acting.goto(f"{box.url}/admin/models")
    acting.get_by_role("button", name="Verify the file of").first.click()
    expect(watching.get_by_text("is intact.")).to_be_visible()


@pytest.mark.timeout(400)  # it computes when nobody else wants to
def test_a_backup_is_begun_and_the_page_tells_when_it_is_done(box, new_context):
    page = new_context(**WIDE, bypass_csp=True).new_page()
    page.goto(f"{box.url}/admin/health")
    page.get_by_role("button", name="Back up now").click()
    # The figures are asked for again by themselves.
    expect(page.get_by_text("The last one")).to_be_visible(timeout=300_000)
    expect(page.get_by_text("1 backup")).to_be_visible()
    expect(page.get_by_role("button", name="Back up now")).to_be_enabled()
    assert complaints(page) == []
