"""Markdown text to its top-level blocks.

A block's lines are enough to know what it is: link definitions are off, so nothing further down can
change it. That is what lets a growing reply be parsed from its last open block on.

The text comes from a model and may be hostile. What costs more than its length is bounded here:
nesting, cells that a table fills in by itself, and long runs of inline marks. What goes over a
bound is shown as plain text; it is never dropped.
"""

import re
from dataclasses import dataclass
from types import FunctionType

from markdown_it import MarkdownIt
from markdown_it.rules_block import table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from appliance.rendering.links import is_allowed_link
from appliance.rendering.page_renderer import PageRenderer, is_open_fence

MAX_NESTING = 40
# Cells that nobody wrote: markdown-it would make 650 kB of them out of 2 kB of text.
MAX_FILLED_CELLS = 256
# Finding the ends of brackets takes time that grows with the square of their number.
MAX_INLINE_CHARS = 10_000
MAX_OPEN_BRACKETS = 500
# A lexer can be made to take a hundred times the usual time: so there is an end to it in one text.
MAX_CODE_CHARS = 50_000

_LINE_END = re.compile(r"\r\n?")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
# A lone surrogate cannot be written as UTF-8, a NUL not as HTML.
_UNWRITABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """One top-level block: its lines (from 0, end exclusive), its tokens and its source."""

    first_line: int
    end_line: int
    source: str
    tokens: tuple[Token, ...]

    @property
    def is_too_costly(self) -> bool:
        """Whether it has to be shown as plain text."""
        return any(
            token.level >= MAX_NESTING - 1
            or (
                token.type == "inline"
                and (
                    len(token.content) > MAX_INLINE_CHARS
                    or token.content.count("[") > MAX_OPEN_BRACKETS
                )
            )
            for token in self.tokens
        )

    @property
    def code_chars(self) -> int:
        """How much of it is code in a language that the text names."""
        return sum(len(token.content) for token in self.tokens if token.info)

    @property
    def ends_in_open_fence(self) -> bool:
        """Whether the last thing in it is code that may go on."""
        return any(is_open_fence(token, self.end_line) for token in self.tokens)


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        # What is refused here stays in the text as it was written.
        return is_allowed_link(url)


def _make_parser() -> MarkdownIt:
    options = {"html": False, "linkify": True, "maxNesting": MAX_NESTING}
    markdown = _Markdown("commonmark", options, renderer_cls=PageRenderer)
    markdown.enable(["table", "strikethrough", "linkify"])
    # reference: a definition further down would change blocks above it and hide where links lead.
    # image: nothing is fetched because of what a model wrote.
    markdown.disable(["reference", "image", "html_block", "html_inline"])
    # Blocks are found by parse_blocks on text that is normalised already.
    markdown.core.ruler.disable(["normalize", "block"])
    # The same function with a smaller limit; the module has no other way but changing it for all.
    limits = {**table.__globals__, "MAX_AUTOCOMPLETED_CELLS": MAX_FILLED_CELLS}
    bounded_table = FunctionType(table.__code__, limits, "bounded_table")
    markdown.block.ruler.at("table", bounded_table, {"alt": ["paragraph", "reference"]})
    if markdown.linkify is not None:
        # Only what is written as an address: "README.md" and "setup.sh" are files, not hosts.
        markdown.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
        for scheme in ("ftp:", "//"):
            markdown.linkify.add(scheme, None)
    return markdown


_MARKDOWN = _make_parser()


def normalise(text: str) -> str:
    """The text with line ends as `\\n` and without characters that cannot be shown."""
    return _UNWRITABLE.sub("\ufffd", _LINE_END.sub("\n", text))


def split_lines(text: str) -> list[str]:
    """Lines with their ends; the last one may lack it. Only `\\n` ends a line here."""
    return _LINE.findall(text)


def parse_blocks(text: str) -> list[SourceBlock]:
    """The top-level blocks of a normalised text; their inline parts are still raw."""
    tokens: list[Token] = []
    _MARKDOWN.block.parse(text, _MARKDOWN, {}, tokens)
    lines = split_lines(text)
    blocks = []
    first = 0
    for number, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            start, end = tokens[first].map or [0, 0]
            group = tuple(tokens[first : number + 1])
            blocks.append(SourceBlock(start, end, "".join(lines[start:end]), group))
            first = number + 1
    return blocks


def tokens_html(block: SourceBlock, *, grows: bool, coloured: bool) -> str:
    """HTML of a block, not yet sanitised; the block's tokens are used up by it."""
    state = StateCore("", _MARKDOWN, {}, list(block.tokens))
    _MARKDOWN.core.process(state)
    env: dict[str, int] = {"end_line": block.end_line} if grows else {}
    if not coloured:
        env["uncoloured"] = True
    html: str = _MARKDOWN.renderer.render(state.tokens, _MARKDOWN.options, env)
    return html
