"""The page of what the box remembers, and a reply that says where it remembers from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser.small_box import NOTHING_BESIDE, SmallBox, small_box
from playwright.sync_api import BrowserContext, Locator, Page, expect
from recall_steps import ScriptedRecall
from recall_steps import recall as recall  # a fixture

from appliance.conversations.conversation import Role
from appliance.recall.found import MessageSource, Recalled

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDE = {"viewport": {"width": 1280, "height": 800}}
DOG = "My dog is called Rex, and I live in Busan with him."
NewContext = Callable[..., BrowserContext]


class Listener:
    """Chooses every sentence of which it is asked; the first is certain, the others are not."""

    def __call__(self, sequence: object) -> str:
        prompt = "".join(map(chr, sequence.tokens[: sequence.prompt_tokens]))  # type: ignore[attr-defined]
        question = prompt.rpartition("user: ")[2]
        if "still be true in a year" not in question:
            return "Rex is a fine name for a dog."
        numbers = [line.split(".")[0] for line in question.splitlines()[1:] if line.strip()]
        picks = [
            f'{{"sentence":{each},"about":"{about}","sure":"{sure}"}}'
            for each, about, sure in zip(
                numbers, ("home", "family", "food"), ("certain", "likely", "unsure"), strict=False
            )
        ]
        return f'{{"facts":[{",".join(picks)}]}}'


@pytest.fixture
def box(tmp_path: Path, recall: ScriptedRecall) -> Iterator[SmallBox]:
    beside = {**NOTHING_BESIDE, "facts": True}
    with small_box(tmp_path, Listener(), context_tokens=8000, assistant=beside) as box:
        yield box


@pytest.fixture
def told(
    box: SmallBox, page: Page, say: Callable[[Page, str], None], recall: ScriptedRecall
) -> str:
    """Something is known, and a later reply was given it to read; that reply's address."""
    page.goto(box.url)
    say(page, f"{DOG} My sister is a nurse. I eat no meat.")
    expect(page.locator(".reply .after")).to_have_count(1)
    conversation_id = page.url.rsplit("/", 1)[1].split("?")[0]
    message_id = page.locator(".typed").get_attribute("id").removeprefix("message-")  # type: ignore[union-attr]
    box.settle()
    source = MessageSource(conversation_id, message_id, Role.USER, "")
    recall.found.append(Recalled(1, DOG, 0, 0.9, source, "", ""))
    page.goto(box.url)
    say(page, "What is the name of my dog?")
    expect(page.locator(".reply .after")).to_have_count(1)
    box.settle()
    return page.url


def test_a_reply_leads_to_the_message_that_it_remembers_from(told: str, page: Page) -> None:
    recalled = page.locator(".recalled")
    expect(recalled).to_contain_text("Remembered from")
    recalled.get_by_role("link").click()
    expect(page.locator(".typed")).to_contain_text(DOG)
    assert page.url.split("#")[1].startswith("message-")


def test_details_show_what_was_recalled_with_its_size(told: str, page: Page) -> None:
    page.get_by_role("button", name="Details").click()
    parts = page.locator("#drawer .parts li")
    expect(parts.filter(has_text="Recalled")).to_contain_text("My dog is called Rex")
    expect(parts.filter(has_text="About you")).to_contain_text("fact")


def test_facts_are_confirmed_changed_and_deleted_without_scripts(
    box: SmallBox, told: str, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{box.url}/account")
    page.get_by_role("link", name="What the box remembers about you").click()
    facts = page.locator(".fact-list > li")

    def about(words: str) -> Locator:
        return facts.filter(has=page.locator(".fact", has_text=words))

    expect(facts).to_have_count(3)
    expect(about("Busan")).to_contain_text("the model reads it")
    sister = about("sister")
    expect(sister).to_contain_text("Only a proposal")
    sister.get_by_role("button", name="That is so").click()
    expect(page.get_by_role("status")).to_have_text("Confirmed.")
    expect(about("sister")).to_contain_text("the model reads it")
    meat = about("meat")
    meat.locator("summary").click()
    meat.get_by_label("In your own words").fill("I eat fish.")
    meat.get_by_role("button", name="Save").click()
    expect(about("I eat fish.")).to_contain_text("In your own words")
    busan = about("Busan")
    busan.locator("summary").click()
    busan.get_by_role("button", name="Delete").click()
    expect(facts).to_have_count(2)
    page.get_by_label("Nothing, and nothing more is looked for").check()
    page.locator(".fact-use").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("That holds from the next message on.")
    expect(facts.filter(has_text="the model does not read it")).to_have_count(2)


def test_a_conversation_is_left_out_of_recall_by_its_menu(told: str, page: Page) -> None:
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Leave out of recall").click()
    expect(page.locator("#header")).to_contain_text("Left out of recall")
    page.reload()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Take part in recall again").click()
    expect(page.locator("#header")).not_to_contain_text("Left out of recall")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_nothing_to_complain_of(
    box: SmallBox,
    told: str,
    tmp_path: Path,
    new_context: NewContext,
    size: dict[str, object],
    scheme: str,
) -> None:
    page = new_context(**size, color_scheme=scheme, bypass_csp=True).new_page()
    page.emulate_media(reduced_motion="reduce")
    page.goto(told)
    expect(page.locator(".recalled")).to_be_visible()
    page.screenshot(path=tmp_path / "reply.png")
    assert Axe().run(page).response["violations"] == []
    page.goto(f"{box.url}/account/facts")
    page.locator(".fact-list summary").first.click()
    page.screenshot(path=tmp_path / "facts.png", full_page=True)
    assert Axe().run(page).response["violations"] == []
    if size is PHONE:
        heights = page.locator("button, .button, summary, label.switch").evaluate_all(
            "all => all.filter((each) => each.checkVisibility())"
            ".map((each) => each.getBoundingClientRect().height)"
        )
        assert min(heights) >= 44
    width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert width <= 0
