"""Markdown text to safe HTML."""

from html import escape

from appliance.rendering.parsing import SourceBlock, normalise, parse_blocks, tokens_html
from appliance.rendering.sanitising import sanitise
from appliance.rendering.weighing import Scale


def render_markdown(text: str) -> str:
    """Safe HTML of a whole text, which need not be trusted."""
    text = normalise(text)
    formatted = Scale().take(text)
    blocks = "".join(block_html(block) for block in parse_blocks(text[:formatted]))
    return blocks + plain_html(text[formatted:])


def block_html(block: SourceBlock, *, grows: bool = False) -> str:
    """Safe HTML of one block; `grows` leaves code that is still being written without colours."""
    if block.is_too_costly:
        return plain_html(block.source)
    return sanitise(tokens_html(block, grows=grows))


def plain_html(source: str) -> str:
    """The same of text that is shown as it was written; nothing of white space."""
    return sanitise(f'<pre class="plain">{escape(source)}</pre>\n') if source.strip() else ""
