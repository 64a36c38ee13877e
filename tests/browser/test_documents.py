"""Documents in a real browser: put in, read, opened at a passage, dropped, pasted, deleted."""

import re
from collections.abc import Iterator
from pathlib import Path

import papers
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.small_box import SmallBox, small_box
from playwright.sync_api import Page, expect

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallBox]:
    data = tmp_path_factory.mktemp("box")
    with small_box(data, lambda _: "Yes.", recall={"enabled": False}) as box:
        yield box


@pytest.fixture(params=[True, False], ids=["scripts", "no scripts"])
def any_page(request, new_context) -> Page:
    return new_context(java_script_enabled=request.param).new_page()


def files(tmp_path: Path, **contents: bytes) -> list[Path]:
    found = []
    for name, content in contents.items():
        path = tmp_path / name.replace("_", ".")
        path.write_bytes(content)
        found.append(path)
    return found


def put_in(page: Page, *paths: Path) -> None:
    page.get_by_label("Choose files, or drop them here").set_input_files(list(paths))
    page.get_by_role("button", name="Put in").click()


def row(page: Page, name: str):
    return page.locator(".things > li").filter(has_text=name)


def seen_at(page: Page, name: str, words: str) -> None:
    """A page without scripts looks again when it is asked to."""
    for _ in range(100):
        if row(page, name).get_by_text(words).count():
            return
        page.reload()
    expect(row(page, name)).to_contain_text(words)


def test_a_manual_is_put_in_opened_at_a_page_and_deleted(box, any_page, tmp_path):
    page = any_page
    manual = papers.pdf([f"What stands on page {n}." for n in range(1, 101)])
    page.goto(f"{box.url}/documents")
    put_in(page, *files(tmp_path, manual_pdf=manual, photo_png=b"\x89PNG" + bytes(20)))
    seen_at(page, "manual.pdf", "100 passages")
    seen_at(page, "photo.png", "cannot read writing in pictures")
    page.get_by_role("link", name="manual.pdf", exact=True).click()
    expect(page.get_by_role("heading", name="manual.pdf")).to_be_visible()
    page.goto(f"{page.url}?passage=77#passage-77")
    expect(page.locator("#passage-77")).to_be_in_viewport()
    expect(page.locator("#passage-77")).to_contain_text("Page 77")
    shade = "e => getComputedStyle(e).backgroundColor"
    shades = [page.locator(f"#passage-{n}").evaluate(shade) for n in (77, 78)]
    assert shades[0] != shades[1]
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    assert Path(downloading.value.path()).read_bytes() == manual
    page.goto(f"{box.url}/documents")
    for name in ("manual.pdf", "photo.png"):
        page.get_by_role("button", name=f"Delete {name}").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_text(f"Deleted for good: {name}")).to_be_visible()
    expect(page.get_by_text("Nothing is here yet.")).to_be_visible()


def test_documents_begin_a_conversation_and_what_was_written_stays(box, page, tmp_path):
    page.goto(box.url)
    page.get_by_label("Your message").fill("Where is the valve?")
    page.get_by_label("Add documents").set_input_files(files(tmp_path, house_txt=b"It is blue."))
    expect(page.locator("#attached").get_by_role("link", name="house.txt")).to_be_visible()
    expect(page.get_by_label("Your message")).to_have_value("Where is the valve?")
    expect(page.get_by_role("heading", name="house.txt")).to_be_visible()
    assert "/conversations/" in page.url
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Yes.", exact=True)).to_be_visible()
    expect(page.locator("#attached").get_by_role("link", name="house.txt")).to_be_visible()
    page.reload()
    link = page.locator("#attached").get_by_role("link", name="house.txt")
    expect(link).to_have_attribute("href", re.compile("^/documents/."))  # it has been read
    link.click()
    expect(page.get_by_text("It is blue.")).to_be_visible()
    page.get_by_role("link", name="To the conversation", exact=True).click()
    expect(page.locator("#attached").get_by_role("link", name="house.txt")).to_be_visible()
    page.get_by_label("Add documents").set_input_files(files(tmp_path, b_txt=b"Second."))
    expect(page.locator("#attached li")).to_have_count(2)


def test_a_list_that_was_asked_for_before_an_upload_does_not_hide_it(box, page, tmp_path):
    page.goto(box.url)
    page.get_by_label("Add documents").set_input_files(files(tmp_path, a_txt=b"First."))
    expect(page.locator("#attached li")).to_have_count(1)
    held = []
    page.route("**/conversations/*/documents", lambda route: held.append((route, route.fetch())))
    with page.expect_request("**/conversations/*/documents"):
        page.reload()
    page.get_by_label("Add documents").set_input_files(files(tmp_path, b_txt=b"Second."))
    page.get_by_label("Add documents").set_input_files(files(tmp_path, c_txt=b"Third."))
    for route, answer in held:
        route.fulfill(response=answer)
    page.unroute("**/conversations/*/documents")
    expect(page.locator("#attached li")).to_have_count(3)


DROP = """
(target) => {
  const [files, always] = [new DataTransfer(), {bubbles: true, cancelable: true}];
  files.items.add(new File(["It is green."], "dropped.txt"));
  for (const kind of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, {dataTransfer: files, ...always}));
}
"""
PASTE = """
(target) => {
  const [files, always] = [new DataTransfer(), {bubbles: true, cancelable: true}];
  files.items.add(new File(["It is grey."], "pasted.txt"));
  target.dispatchEvent(new ClipboardEvent("paste", {clipboardData: files, ...always}));
}
"""


def test_files_are_dropped_and_pasted(box, page):
    page.goto(box.url)
    page.get_by_label("Your message").evaluate(DROP)
    expect(page.locator("#attached").get_by_role("link", name="dropped.txt")).to_be_visible()
    page.get_by_label("Your message").evaluate(PASTE)
    expect(page.locator("#attached").get_by_role("link", name="pasted.txt")).to_be_visible()


def test_a_file_that_is_refused_says_so_above_the_composer(box, page, tmp_path):
    page.goto(box.url)
    page.get_by_label("Add documents").set_input_files(files(tmp_path, a_png=b"\x89PNG" + bytes(9)))
    expect(page.locator("#attached .lost")).to_contain_text("This is a picture")


def test_a_temporary_conversation_offers_no_clip(box, page):
    page.goto(box.url)
    expect(page.locator(".clip")).to_be_visible()
    page.get_by_label("Temporary conversation").check()
    expect(page.locator(".clip")).to_be_hidden()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_these_pages(box, new_context, tmp_path, options, scheme):
    page = new_context(color_scheme=scheme, **options).new_page()
    start = f"{scheme} {'phone' if options else 'wide'}"
    name = f"{start} {'very ' * 20}long name.pdf"
    (tmp_path / name).write_bytes(papers.pdf(["One.", "Two."], outline={"Heating": 2}))
    page.goto(f"{box.url}/documents")
    put_in(page, tmp_path / name)
    seen_at(page, start, "2 passages")
    assert Axe().run(page).response["violations"] == []
    width = page.evaluate("() => [document.body.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    row(page, start).get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=re.compile("Heating"))).to_be_visible()
    assert Axe().run(page).response["violations"] == []
