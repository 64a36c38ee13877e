"""The list of conversations, its pages and the search, in a box that holds many."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import time

import pytest
from appliance_process import ApplianceProcess
from axe_playwright_python.sync_playwright import Axe
from kept_conversations import add
from playwright.sync_api import expect

from appliance.conversations.shelf import Placing, Shelf
from appliance.store import people
from appliance.store.database import Database

pytestmark = pytest.mark.model

DAY = 86_400
SIZES = {
    "wide": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
LONG = "A title that goes on for much longer than the list is wide, because its message did, too"


async def fill(path: Path) -> None:
    """Five hundred conversations, some with places and some with words worth finding."""
    now = int(time())
    database = await Database.open(path)
    async with database.write() as tx:
        person = await people.local_person(tx)
        for number in range(490):
            await add(tx, person, f"Conversation {number}", at=now - (500 - number) * DAY // 4)
        made = {}
        for title, *texts in (
            ("Roses", "When are roses cut?", "In **March**, when the forsythia blooms."),
            ("Tulips", "How deep do tulips stand?", "Three times as deep as the bulb is high."),
            ("Family", "Who is coming on Sunday?", "Your sister and the children."),
            ("Tax papers 2019", "What is still missing?", "Nothing."),
            (LONG, "Long?", "Long."),
            ("서울에서 보내는 주말", "서울 맛집을 알려 주세요", "광장시장의 빈대떡이 유명합니다."),
            ("京都の週末", "京都で一日過ごすなら？", "朝は嵐山、午後は祇園を歩きましょう。"),
            ("رحلة إلى البحر", "أين نذهب؟", "إلى الشاطئ."),
            ("Lighthouses", "Which lighthouse is the tallest?", "Jeddah Light. " * 40),
            ("A keeper's day", "What did keepers do?", "They kept the lighthouse burning."),
        ):
            made[title], _ = await add(tx, person, title, *texts, at=now)
    shelf = Shelf(database)
    for title, placing in (
        ("Family", Placing(is_pinned=True)),
        ("Roses", Placing(new_folder="Garden")),
        ("Tulips", Placing(new_folder="Garden")),
        ("京都の週末", Placing(new_folder="旅行")),
        ("Tax papers 2019", Placing(is_archived=True)),
    ):
        await shelf.place(person, made[title].conversation_id, placing)
    await database.close()


@pytest.fixture(scope="module")
def full_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("full")
    # Playwright holds this thread's event loop.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, fill(data / "appliance.sqlite3")).result()
    with ApplianceProcess(data) as process:
        yield process.url


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture(params=["wide", "phone"])
def any_page(request, new_context, scheme):
    return new_context(**SIZES[request.param], color_scheme=scheme, bypass_csp=True).new_page()


def complaints(page):
    page.emulate_media(reduced_motion="reduce")
    found = Axe().run(page).response["violations"]
    return [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found]


def open_list(page):
    opener = page.locator("header [popovertarget=sidebar]")
    if opener.is_visible():
        opener.click()


def test_the_list_its_pages_and_the_search_have_no_barriers(full_box, any_page):
    page = any_page
    page.goto(full_box)
    open_list(page)
    expect(page.get_by_role("link", name="Family")).to_be_visible()
    assert complaints(page) == []
    for path in ("/conversations", "/conversations?archived=yes", "/search?q=lighthouse+keeper"):
        page.goto(full_box + path)
        assert complaints(page) == []
        overflow = "() => document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(overflow) <= 0
    page.goto(f"{full_box}/conversations")
    page.get_by_role("button", name="New folder").click()
    expect(page.get_by_label("Name of the new folder")).to_be_focused()
    assert complaints(page) == []


def test_folders_fold_up_and_stay_as_they_are_while_the_list_changes(full_box, page):
    page.goto(full_box)
    roses = page.get_by_role("link", name="Roses")
    expect(roses).to_be_hidden()
    page.get_by_text("Garden").click()
    expect(roses).to_be_visible()
    other = page.context.new_page()
    other.goto(full_box)
    other.get_by_role("link", name="Lighthouses").click()
    pin(other, "Pin")
    page.bring_to_front()
    expect(page.locator("#conversations ul").first).to_contain_text("Lighthouses")
    expect(roses).to_be_visible()
    roses.click()
    page.wait_for_url("**/conversations/*")
    expect(page.get_by_role("link", name="Roses")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("link", name="Roses")).to_be_visible()
    other.bring_to_front()
    pin(other, "Unpin")


def pin(page, word):
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name=word, exact=True).click()
    expect(page.locator("#menu")).to_be_hidden()


def test_the_way_through_archive_and_folder_by_keyboard_alone(full_box, page):
    page.goto(full_box)
    page.get_by_role("link", name=LONG).click()
    page.locator("#menu-button").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Folder…").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Folder of this conversation", exact=True)).to_be_visible()
    page.get_by_label("Or a new folder").focus()
    page.keyboard.type("Long things")
    page.keyboard.press("Enter")
    expect(page.locator("#place")).to_be_hidden()
    expect(page.locator("#conversations summary", has_text="Long things")).to_be_visible()
    page.locator("#menu-button").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Archive", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("In the archive")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name=LONG)).to_have_count(0)
    page.goto(f"{full_box}/conversations?archived=yes")
    page.get_by_role("button", name=f"Bring back: {LONG}").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/conversations/[0-9a-f]{32}$"))
    expect(page.get_by_role("navigation").get_by_role("link", name=LONG)).to_be_visible()


def test_a_name_that_is_refused_leaves_the_dialog_as_it_was(full_box, page):
    page.goto(full_box)
    page.get_by_role("link", name="Lighthouses").click()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Folder…").click()
    field = page.get_by_label("Or a new folder")
    field.evaluate("(field) => field.removeAttribute('maxlength')")
    field.fill("x" * 61)
    page.get_by_role("button", name="Save").last.click()
    expect(page.locator("#place-notice").get_by_role("alert")).to_contain_text("at most 60")
    expect(field).to_have_value("x" * 61)


def test_ctrl_k_searches_and_a_match_leads_to_its_message(full_box, page):
    page.goto(full_box)
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search all conversations")).to_be_focused()
    page.keyboard.type("서울 맛집")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    hit = page.get_by_role("listitem").filter(has_text="알려 주세요")
    expect(hit.locator("mark")).to_have_text(["서울", "맛집"])
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search all conversations")).to_be_focused()
    hit.get_by_role("link").click()
    page.wait_for_url(re.compile(r"/conversations/[0-9a-f]{32}\?at=[0-9a-f]{32}#message-"))
    expect(page.locator(":target")).to_contain_text("서울 맛집을 알려 주세요")


def test_on_a_phone_ctrl_k_opens_the_list(full_box, new_context):
    page = new_context(**SIZES["phone"]).new_page()
    page.goto(full_box)
    expect(page.get_by_role("navigation")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.get_by_label("Search all conversations")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation")).to_be_hidden()


def test_everything_but_the_menu_works_without_scripts(full_box, new_context):
    page = new_context(java_script_enabled=False).new_page()
    page.goto(full_box)
    page.get_by_label("Search all conversations").fill("forsythia")
    page.keyboard.press("Enter")
    expect(page.locator("mark")).to_have_text("forsythia")
    page.goto(f"{full_box}/conversations")
    page.get_by_role("button", name="New folder").click()
    page.get_by_label("Name of the new folder").fill("By hand")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="By hand")).to_be_visible()
    page.get_by_role("button", name="This folder").click()
    page.get_by_role("button", name="Delete the folder").click()
    expect(page.get_by_role("heading", name="All conversations")).to_be_visible()
    expect(page.get_by_role("link", name="By hand")).to_have_count(0)


def test_touch_targets_of_the_list_and_its_pages_are_large_enough(full_box, new_context):
    page = new_context(**SIZES["phone"]).new_page()
    for path in ("/", "/conversations", "/conversations?archived=yes", "/search?q=lighthouse"):
        page.goto(full_box + path)
        open_list(page)
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, a, input:not([type=hidden]), summary')]
              .filter((e) => e.checkVisibility() && !e.matches('.skip'))
              .map((e) => e.closest('label') ?? e)
              .map((e) => [e.outerHTML.slice(0, 80), e.getBoundingClientRect()])
              .filter(([, r]) => r.height < 43.9 || r.width < 43.9)
              .map(([html, r]) => `${html} ${r.width}x${r.height}`)"""
        )
        assert small == [], path
