"""Texts that cost the most for their length: formatted as far as they may weigh, and never lost."""

import re
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from appliance.rendering import blocks, weighing
from appliance.rendering.blocks import BlockRenderer
from appliance.rendering.markdown import render_markdown
from appliance.rendering.weighing import LINE, Scale

README = Path(__file__).parents[2] / "README.md"
LONG = 200_000
"""The longest reply that can be imported."""
SMALL_WEIGHT = 4_000

HOSTILE = {
    "list": "- a\n",
    "numbered list": "1. a\n",
    "list of nothing": "-\n",
    "paragraphs": "a\n\n",
    "lines": "a\n",
    "headings": "# a\n",
    "rules": "---\n",
    "underlined": "a\n-\n",
    "quotes": "> a\n\n",
    "quote in quotes": "> " * 30 + "a\n",
    "quotes that lines go on": "> " * 30 + "a\n" + "a\n" * 200,
    "list in lists": "- " * 18 + "a\n",
    "list and quotes": "- > " * 10 + "a\n",
    "deeper and deeper": "".join("  " * depth + "- a\n" for depth in range(15)),
    "pieces of code": "```\n```\n",
    "pieces of code in a list": "- ```\n  ```\n",
    "lines of space": "a\n\u00a0\n",
    "table": "|a|b|c|\n|-|-|-|\n" + "|a|b|c|\n" * 20 + "\n",
    "table that fills itself": "|a" * 16 + "|\n" + "|-" * 16 + "|\n" + "|x\n" * 17 + "\n",
    "head of a table like code": "```a|b\n-|-\n" + "a|b\n" * 50,
    "emphasis": "*a*",
    "emphasis of all kinds": "*a**b***c_d__e~~",
    "emphasis in paragraphs": "*a* " * 100 + "\n\n",
    "pieces of inline code": "`a`" * 100 + "\n\n",
    "escapes": "\\*" * 200 + "\n\n",
    "entities": "&amp;" * 80 + "\n\n",
    "links": "[a](http://b.c)" * 30 + "\n\n",
    "addresses": "http://a.b " * 30 + "\n\n",
    "addresses in angles": "<http://a.b>" * 30 + "\n\n",
    "letters": "<mailto:a@b>" * 30 + "\n\n",
    "open brackets": "[" * 400 + "\n\n",
    "line ends": "a  \n",
}


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(weighing, "MOST_WEIGHT", SMALL_WEIGHT)
    return SMALL_WEIGHT


def calls_of(work: Callable[[], object]) -> int:
    """How many calls of Python functions it takes: the same on every machine."""
    calls = 0

    def note(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_costs_more_than_it_weighs(name: str, little: int) -> None:
    text = HOSTILE[name] * (40_000 // len(HOSTILE[name]))
    assert calls_of(lambda: render_markdown(text)) < 16 * little


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_formatted_stands_there_as_it_was_written(name: str, little: int) -> None:
    text = HOSTILE[name] * (40_000 // len(HOSTILE[name]))
    formatted = Scale().take(text)
    rest = text[formatted:]
    assert text_of(render_markdown(text)).endswith(rest + "\n" if rest.strip() else "\n")


ORDINARY = {
    "this box's README": README.read_text(),
    "prose": "A sentence of ordinary length, with **bold** words and `code`. " * 4 + "\n\n",
    "list": "- A point of a list that says something\n- And another one, *really*\n\n",
    "code": "```python\n" + "    value = compute(first, second)[0] - 1  # why\n" * 200 + "```\n\n",
    "table": "| name | number | remark |\n|---|---|---|\n" + "| something | 12,345 | fine |\n" * 8,
    "Korean": "정원의 울타리를 고쳤습니다. 이웃이 **도와** 주었습니다.\n\n",
}
"""What people and models write; as much of it as there may be."""


@pytest.mark.parametrize("name", ORDINARY)
def test_an_ordinary_text_is_formatted_to_its_end(name: str) -> None:
    text = ORDINARY[name]
    text = text * (LONG // len(text))
    assert Scale().take(text) == len(text)


def test_a_list_goes_on_as_plain_text_where_it_is_cut(little: int) -> None:
    html = render_markdown("- a\n" * 1000 + "\nAfter it.\n")
    shown, _, rest = html.partition("</ul>")
    items = shown.count("<li>")
    assert items == len(re.findall("- a", "- a\n" * (little // (2 * LINE + 1) + 1)))
    assert rest.startswith('\n<pre class="plain">- a\n- a\n')
    assert rest.count("- a") == 1000 - items
    assert text_of(rest).rstrip().endswith("\nAfter it.")


def test_lines_of_code_weigh_little_until_the_fence_is_closed() -> None:
    scale = Scale()
    scale.take("```python\n" + "- a > b | c\n" * 100)
    assert scale.weight < 2 * LINE + 100
    scale.take(" ``\n``` x\n~~~\n")
    before = scale.weight
    scale.take("  ````  \n")
    scale.take("- a\n" * 100)
    assert scale.weight > before + 100 * LINE


@pytest.mark.parametrize("head", ["```a|b\n", "  ```\n", "> ```\n", "``\n", "```a`\n"])
def test_only_what_is_code_for_certain_weighs_as_little(head: str) -> None:
    scale = Scale()
    scale.take(head + "- a\n" * 100)
    assert scale.weight > 100 * LINE


def test_it_is_the_same_in_whatever_pieces_a_text_comes(little: int) -> None:
    text = HOSTILE["table"] * 40
    whole = Scale().take(text)
    for size in (1, 7, 100):
        scale = Scale()
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        assert sum(map(scale.take, pieces)) == whole < len(text)


def test_a_heavy_list_is_parsed_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "HEAVY_BLOCK", 20 * LINE)
    text = "- a point\n" * 300
    renderer = BlockRenderer()
    for end in range(0, len(text), 10):
        renderer.feed(text[:end])
    renderer.feed(text)
    renderer.finish()
    assert "".join(block.html for block in renderer.blocks) == render_markdown(text)
    # Each time all of it would be 150 times.
    assert renderer.parsed_chars < 30 * len(text)
