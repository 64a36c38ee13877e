"""Markdown tokens to the HTML of our page, where it differs from markdown-it's own."""

from collections.abc import Sequence

from markdown_it.common.utils import escapeHtml, unescapeAll
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from appliance.rendering.code import code_figure
from appliance.rendering.links import destination, speaks_for_itself


def is_open_fence(token: Token, end_line: int) -> bool:
    """Whether the token is a code fence that reaches the end of the text without a closing line."""
    if token.type != "fence" or token.map is None or token.map[1] < end_line:
        return False
    code_lines = token.content.count("\n") + (not token.content.endswith("\n"))
    if not token.content:
        code_lines = 0
    return token.map[1] - token.map[0] - 1 <= code_lines


class PageRenderer(RendererHTML):
    """One method for each kind of token that our page shows in its own way.

    `env["end_line"]` is set while the text still grows: the fence that is being written then stays
    without colours, because it would be coloured anew with every word. `env["uncoloured"]` is set
    when no fence gets any, because there is too much code.
    """

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        words = unescapeAll(token.info).split(maxsplit=1)
        grows = "end_line" in env and is_open_fence(token, env["end_line"])
        coloured = not grows and "uncoloured" not in env
        return code_figure(token.content, words[0] if words else "", coloured=coloured)

    def code_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return code_figure(tokens[idx].content)

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        token = tokens[idx]
        # A model's own title could say anything; the whole address is more use.
        token.attrs = {"href": token.attrs["href"], "title": token.attrs["href"]}
        return self.renderToken(tokens, idx, options, env)

    def link_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        start = next(at for at in range(idx, -1, -1) if tokens[at].type == "link_open")
        url = str(tokens[start].attrs["href"])
        if speaks_for_itself(url, "".join(token.content for token in tokens[start + 1 : idx])):
            return "</a>"
        # bdi: right-to-left marks in the text before must not turn the host around.
        return f'</a> <bdi class="link-host">({escapeHtml(destination(url))})</bdi>'

    def table_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return '<div class="table-scroll"><table>\n'

    def table_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # markdown-it writes a style attribute, which the page's policy forbids.
        token = tokens[idx]
        if style := token.attrs.pop("style", ""):
            token.attrs["class"] = f"align-{str(style).rpartition(':')[2]}"
        return self.renderToken(tokens, idx, options, env)

    td_open = th_open
