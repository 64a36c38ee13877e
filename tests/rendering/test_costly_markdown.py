"""Text that costs more than its length: bounded, and never lost."""

import re
from html import unescape

import pytest

from appliance.rendering.markdown import render_markdown
from appliance.rendering.parsing import MAX_FILLED_CELLS, MAX_NESTING, parse_blocks


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("mark", ["> ", "- ", "1. ", "> - "])
def test_what_is_nested_too_deep_is_shown_as_plain_text(mark: str) -> None:
    html = render_markdown(f"before\n\n{mark * MAX_NESTING}deep\n\nafter\n")
    assert html.startswith('<p>before</p>\n<pre class="plain">')
    assert "deep\n\nafter" in text_of(html)


@pytest.mark.parametrize("mark", ["> ", "- "])
def test_ordinary_nesting_is_rendered(mark: str) -> None:
    assert "plain" not in render_markdown(f"{mark * 8}x")


@pytest.mark.parametrize("mark", ["[", "![", "[a](", "[]("])
def test_many_open_brackets_are_shown_as_plain_text(mark: str) -> None:
    html = render_markdown(mark * 3000)
    assert text_of(html).strip() == mark * 3000


def test_a_huge_paragraph_is_shown_as_plain_text() -> None:
    text = "*a **b " * 4000
    assert text_of(render_markdown(text)).strip() == text.strip()


def test_a_table_does_not_grow_by_itself() -> None:
    table = "|a" * 300 + "|\n" + "|-" * 300 + "|\n" + "|x\n" * 300
    cells = sum(token.type == "td_open" for block in parse_blocks(table) for token in block.tokens)
    assert cells <= MAX_FILLED_CELLS + 300
    assert text_of(render_markdown(table)).count("x") == 300


@pytest.mark.parametrize(
    "mark", [*list("[]()>*_`~#<&|!\\-+=:\"'\t "), "a\n", "\n", "- ", "://", "```\n"]
)
def test_a_flood_of_one_mark_is_answered(mark: str) -> None:
    html = render_markdown(mark * (60_000 // len(mark)))
    # The most that a few characters can ask for is the figure around an empty piece of code.
    assert len(html) < 30 * 60_000
