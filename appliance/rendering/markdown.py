"""Markdown text to safe HTML."""

from html import escape

from appliance.rendering import parsing
from appliance.rendering.parsing import SourceBlock, normalise, parse_blocks, tokens_html
from appliance.rendering.sanitising import sanitise
from appliance.rendering.weighing import Scale


def render_markdown(text: str) -> str:
    """Safe HTML of a whole text, which need not be trusted."""
    text = normalise(text)
    formatted = Scale().take(text)
    blocks, code_chars = [], 0
    for block in parse_blocks(text[:formatted]):
        code_chars += block.code_chars
        blocks.append(block_html(block, coloured=code_chars <= parsing.MAX_CODE_CHARS))
    return "".join(blocks) + plain_html(text[formatted:])


def block_html(block: SourceBlock, *, grows: bool = False, coloured: bool = True) -> str:
    """Safe HTML of one block; `grows` leaves code that is still being written without colours, and
    unless it is to be `coloured` all of its code.
    """
    if block.is_too_costly:
        return plain_html(block.source)
    return sanitise(tokens_html(block, grows=grows, coloured=coloured))


def plain_html(source: str) -> str:
    """The same of text that is shown as it was written; nothing of white space."""
    return sanitise(f'<pre class="plain">{escape(source)}</pre>\n') if source.strip() else ""
