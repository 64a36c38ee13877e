from unittest import mock

import pytest
from doses import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from appliance.rendering import code, parsing, weighing
from appliance.rendering.blocks import LONG_BLOCK_CHARS, BlockRenderer
from appliance.rendering.markdown import render_markdown

WORD_LIST = """
word 한국어 日本語 🙂 *em* **bold `code` a|b &amp; &#0; \\* ~~s~~ <b> <script> # - ``` 1. | === ---
[a](https://e.example/x) [a]: https://e.example <https://e.example> [x](javascript:alert(1))
"""
WORDS = st.sampled_from([*WORD_LIST.split(), "\0", "\t", "  ", "\ud800"])
LINE = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
INDENT = st.sampled_from(["", "", "", " ", "  ", "   ", "    ", "     ", "\t"])
MARK = st.sampled_from(
    [
        *["", "", "# ", "###### ", "- ", "* ", "1. ", "7) ", "> ", ">", "> - ", "- > ", "- - "],
        *["| ", "    ", "```", "```python\n", "~~~", "````\n", "---", "===", "***", "-", "="],
        *["|-|-|", "|:-|\n", "|a|b|\n", "|a|b|\n|-|-|\n"],
    ]
)
END = st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\r", "  \n", "\\\n", " \n \n", "\n\t\n", ""])
TABLE = st.just("| a | b |\n|---|--:|\n| 1 | 2 |\n")
LATE_TABLE = st.just("- a\n| x | y |\n     |---|---|\n")
FENCE = st.builds(
    lambda mark, word, code, end: f"{mark}{word}\n{code}\n{end}",
    st.sampled_from(["```", "~~~", "````", "  ```"]),
    st.sampled_from(["", "python", "c++ x", "nonsense"]),
    LINE,
    st.sampled_from(["```\n", "~~~\n", "````\n", "", "`` `\n"]),
)
PIECE = st.one_of(
    st.builds(lambda *parts: "".join(parts), INDENT, MARK, LINE, END), TABLE, FENCE, LATE_TABLE
)
MARKDOWN = st.lists(PIECE, max_size=12).map("".join)


def feed_in_pieces(text: str, cuts: list[int]) -> BlockRenderer:
    """Feed the text up to each cut, checking what each update says about itself."""
    renderer = BlockRenderer()
    closed: list[str] = []
    for cut in sorted({min(cut, len(text)) for cut in cuts}):
        update = renderer.feed(text[:cut])
        closed += [block.html for block in update.closed]
        assert [block.html for block in renderer.blocks[: len(closed)]] == closed
        assert [block.index for block in renderer.blocks] == list(range(len(renderer.blocks)))
        assert renderer.blocks[len(closed) :] == update.open
    renderer.feed(text)
    renderer.finish()
    assert [block.html for block in renderer.blocks[: len(closed)]] == closed
    return renderer


def joined(renderer: BlockRenderer) -> str:
    return "".join(block.html for block in renderer.blocks)


@given(MARKDOWN, st.lists(st.integers(0, 400), max_size=30))
@settings(max_examples=examples(100, 300), deadline=None)
@example("para\n#x\n", [6, 7])
@example("para\n|a|b|\n|-|-x\n", [15, 16, 17])
@example("- a\n| x | y |\n     |---|---|x\n", list(range(30)))
@example("a\r\nb\r\n\r\nc", list(range(12)))
@example("```\ncode\n``\n```\n\nafter\n\nlast", list(range(40)))
def test_blocks_of_a_growing_text_join_to_the_whole_text_s_html(text: str, cuts: list[int]) -> None:
    assert joined(feed_in_pieces(text, cuts)) == render_markdown(text)


@given(
    MARKDOWN,
    st.lists(st.integers(0, 400), max_size=30),
    st.integers(0, 400),
    st.integers(0, 30),
)
@settings(max_examples=examples(60, 200), deadline=None)
@example("- a\n\n\n", [4, 5, 6], 20, 0)
@example("```c\nx\n```\n- ```c\n  y\n", list(range(30)), 400, 3)
def test_so_they_do_where_the_text_is_too_heavy_to_be_formatted_or_coloured_to_its_end(
    text: str, cuts: list[int], most_weight: int, most_code: int
) -> None:
    with (
        mock.patch.object(weighing, "MOST_WEIGHT", most_weight),
        mock.patch.object(parsing, "MAX_CODE_CHARS", most_code),
    ):
        assert joined(feed_in_pieces(text, cuts)) == render_markdown(text)


@given(MARKDOWN)
@settings(max_examples=100, deadline=None)
def test_feeding_each_character_makes_no_difference(text: str) -> None:
    assert joined(feed_in_pieces(text, list(range(len(text))))) == render_markdown(text)


def test_a_block_is_open_until_the_next_one_is_certain() -> None:
    renderer = BlockRenderer()
    assert renderer.feed("one\n\ntw").closed == ()
    assert renderer.feed("one\n\ntwo\n").closed == ()
    update = renderer.feed("one\n\ntwo\n\n")
    assert [block.html for block in update.closed] == ["<p>one</p>\n"]
    assert [block.index for block in update.open] == [1]


def test_a_reply_in_200_pieces_parses_only_its_open_end() -> None:
    paragraph = "A sentence of ordinary length, with **bold** words and `code`. " * 3 + "\n\n"
    text = (paragraph + "- point\n- point two\n\n```python\nx = 1\ny = 2\n```\n\n") * 20
    text = text[:5000]
    renderer = BlockRenderer()
    for number in range(1, 201):
        renderer.feed(text[: len(text) * number // 200])
    renderer.finish()
    assert joined(renderer) == render_markdown(text)
    # Everything each time would be 100 times the text; the open end is a few hundred characters.
    assert renderer.parsed_chars < 15 * len(text)


def test_an_endless_block_is_parsed_a_bounded_number_of_times() -> None:
    text = "```\n" + "0123456789abcde\n" * 16_000
    renderer = BlockRenderer()
    for end in range(0, len(text), 4096):
        renderer.feed(text[:end])
    renderer.feed(text)
    renderer.finish()
    assert joined(renderer) == render_markdown(text)
    assert len(text) > 7 * LONG_BLOCK_CHARS
    assert renderer.parsed_chars < 20 * len(text)


def test_an_unchanged_block_is_not_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured: list[str] = []
    real = code._coloured
    monkeypatch.setattr(code, "_coloured", lambda *args: coloured.append(args[0]) or real(*args))
    renderer = BlockRenderer()
    text = "```python\nx = 1\n```\n\nA paragraph that is written letter by letter."
    for end in range(len(text) + 1):
        renderer.feed(text[:end])
    renderer.finish()
    assert coloured == ["x = 1\n"]


def test_code_that_is_being_written_has_no_colours_yet() -> None:
    renderer = BlockRenderer()
    (block,) = renderer.feed("```python\nx = 1\n").open
    assert '<code class="highlight">x = 1\n</code>' in block.html
    (block,) = renderer.feed("```python\nx = 1\n```").open
    assert '<span class="mi">1</span>' in block.html


def test_code_that_never_ends_is_coloured_in_the_end() -> None:
    renderer = BlockRenderer()
    renderer.feed("- ```python\n  x = 1\n")
    (block,) = renderer.finish().closed
    assert '<span class="mi">1</span>' in block.html


def test_a_text_that_does_not_go_on_is_refused() -> None:
    renderer = BlockRenderer()
    renderer.feed("one")
    with pytest.raises(ValueError, match="does not go on"):
        renderer.feed("two")


def test_nothing_makes_no_blocks() -> None:
    renderer = BlockRenderer()
    assert renderer.feed("").open == ()
    assert renderer.feed(" \n\n").open == ()
    assert renderer.finish().closed == ()
    assert render_markdown(" \n") == ""
