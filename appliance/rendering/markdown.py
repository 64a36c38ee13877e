"""Markdown text to safe HTML."""

from html import escape

from appliance.rendering.parsing import SourceBlock, normalise, parse_blocks, tokens_html
from appliance.rendering.sanitising import sanitise


def render_markdown(text: str) -> str:
    """Safe HTML of a whole text, which need not be trusted."""
    return "".join(block_html(block) for block in parse_blocks(normalise(text)))


def block_html(block: SourceBlock, *, grows: bool = False) -> str:
    """Safe HTML of one block; `grows` leaves code that is still being written without colours."""
    if block.is_too_costly:
        return sanitise(f'<pre class="plain">{escape(block.source)}</pre>\n')
    return sanitise(tokens_html(block, grows=grows))
