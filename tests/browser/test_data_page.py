"""Your data in a real browser: a file coming in, downloads, the end of everything, with and without
scripts. The box is real; it needs no model for any of this.
"""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from appliance_process import ApplianceProcess
from axe_playwright_python.sync_playwright import Axe
from exports import FILES, own_conversation, own_file
from playwright.sync_api import expect

from appliance.errand_socket import Wanted, ask
from appliance.portable.belongings import CONFIRMATION

WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
SIZES = {"wide": WIDE, "phone": PHONE}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApplianceProcess]:
    directory = tmp_path_factory.mktemp("box")
    with ApplianceProcess(
        directory, "--model", "no-such-model", APPLIANCE_HOT__EMBEDDED="false"
    ) as process:
        process.wait_for("No model yet: ")
        yield process


@pytest.fixture
def own_box(process):
    """The same one for all tests, empty at the start of each."""
    ask(process.data_dir, Wanted("delete", confirmation=CONFIRMATION))
    return process


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def page(request, new_context):
    return new_context(java_script_enabled=request.param, **WIDE).new_page()


def bring(page, path):
    page.get_by_label("File to import").set_input_files(path)
    page.get_by_role("button", name="Import", exact=True).click()


def delete_everything(page):
    page.get_by_label("To confirm, type: delete everything").fill("delete everything")
    page.get_by_role("button", name="Delete everything").click()


def test_a_file_comes_in_is_taken_along_and_is_gone(own_box, page, tmp_path):
    page.goto(f"{own_box.url}/data")
    expect(page.get_by_text("The box keeps no conversation of yours.")).to_be_visible()
    expect(page.get_by_role("heading", name="Delete everything")).to_have_count(0)
    bring(page, FILES / "chatgpt.json")
    expect(page.get_by_text("Imported: 1 conversation with 4 messages.")).to_be_visible()
    expect(page.get_by_text("pictures and other attachments (1)")).to_be_visible()
    page.get_by_role("link", name="To the conversations").click()
    page.get_by_role("link", name="Boiling eggs").click()
    expect(page.locator(".message")).to_have_count(3)
    page.goto(f"{own_box.url}/data")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download all (ZIP)").click()
    assert downloading.value.suggested_filename == "conversations.zip"
    with zipfile.ZipFile(downloading.value.path()) as archive:
        names = archive.namelist()
        held = json.loads(archive.read("conversations.json"))
    assert names == ["conversations.json", "markdown/00001 Boiling eggs.md"]
    assert len(held["conversations"][0]["messages"]) == 4
    delete_everything(page)
    expect(page.get_by_text("Deleted for good: 1 conversation with 4 messages.")).to_be_visible()
    expect(page.get_by_text("The box keeps no conversation of yours.")).to_be_visible()


def test_wrong_words_delete_nothing_and_say_what_to_type(own_box, page):
    page.goto(f"{own_box.url}/data")
    bring(page, FILES / "open_webui.json")
    expect(page.get_by_text("Imported: 1 conversation")).to_be_visible()
    page.goto(f"{own_box.url}/data")
    page.get_by_label("To confirm").fill("yes")
    page.get_by_role("button", name="Delete everything").click()
    expect(page.get_by_text("Nothing was deleted. To delete everything, type")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("1 conversation of yours with 5 messages")).to_be_visible()


def test_a_long_import_tells_how_far_it_is_and_ends_by_itself(own_box, page, tmp_path):
    large = tmp_path / "large.json"
    large.write_bytes(own_file(*(own_conversation("x" * 500) for _ in range(4_000))))
    page.goto(f"{own_box.url}/data")
    bring(page, large)
    page.wait_for_url("**/imports/*")
    expect(page.get_by_text("Imported: 4,000 conversations with 4,000 messages.")).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.goto(f"{own_box.url}/data")
    delete_everything(page)
    expect(page.get_by_text("Deleted for good: 4,000 conversations")).to_be_visible()


def test_a_refusal_is_a_sentence_and_the_page_is_one_step_back(own_box, page, tmp_path):
    letter = tmp_path / "letter.zip"
    letter.write_text("Dear all")
    page.goto(f"{own_box.url}/data")
    bring(page, letter)
    expect(page.get_by_role("alert")).to_contain_text("no list of conversations")
    page.go_back()
    expect(page.get_by_role("heading", name="Your data")).to_be_visible()


def test_the_menu_saves_the_open_conversation(own_box, new_context, tmp_path):
    page = new_context().new_page()
    said = own_conversation("Hi", "Ho", title="차 / tea")
    path = tmp_path / "one.json"
    path.write_bytes(own_file(said))
    page.goto(f"{own_box.url}/data")
    bring(page, path)
    expect(page.get_by_text("Imported: 1 conversation")).to_be_visible()
    page.goto(f"{own_box.url}/conversations/{said['conversation_id']}")
    for name, file, start in (
        ("Save as Markdown", "차 tea.md", "# 차 / tea"),
        ("Save as JSON", "차 tea.json", '{"format":"appliance.conversations"'),
    ):
        page.get_by_role("button", name="Menu").click()
        with page.expect_download() as downloading:
            page.get_by_role("link", name=name).click()
        assert downloading.value.suggested_filename == file
        assert Path(downloading.value.path()).read_text().startswith(start)
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Your data").click()
    expect(page.get_by_role("heading", name="Your data")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_that_axe_complains_of(own_box, new_context, tmp_path, size, scheme):
    page = new_context(**SIZES[size], color_scheme=scheme, bypass_csp=True).new_page()
    page.goto(f"{own_box.url}/data")
    broken = own_conversation("Hi", title="x" * 121)
    path = tmp_path / "some.json"
    path.write_bytes(own_file(own_conversation("Hi"), broken))
    bring(page, path)
    expect(page.get_by_text("Conversation 2 of the file was left out.")).to_be_visible()
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    if size == "phone":
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, a, input:not([type=hidden])')]
              .filter((e) => e.getBoundingClientRect().height < 43.9).map((e) => e.outerHTML)"""
        )
        assert small == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
