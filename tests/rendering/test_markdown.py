import pytest

from appliance.rendering.markdown import render_markdown


def test_ordinary_markdown_looks_as_it_should() -> None:
    html = render_markdown("# Title\n\nSome *em* and **bold**, ~~gone~~, `code`.\n\n1. a\n2. b\n")
    assert html == (
        "<h1>Title</h1>\n"
        "<p>Some <em>em</em> and <strong>bold</strong>, <s>gone</s>, <code>code</code>.</p>\n"
        "<ol>\n<li>a</li>\n<li>b</li>\n</ol>\n"
    )


def test_a_table_scrolls_inside_itself_and_aligns_without_a_style_attribute() -> None:
    html = render_markdown("| a | b |\n|---|--:|\n| 1 | 2 |\n")
    assert html.startswith('<div class="table-scroll"><table>')
    assert html.endswith("</table></div>\n")
    assert '<td class="align-right">2</td>' in html
    assert "style" not in html


def test_a_link_shows_where_it_leads_and_tells_nobody_where_it_comes_from() -> None:
    html = render_markdown("[the bank](https://elsewhere.example/login)")
    assert 'href="https://elsewhere.example/login"' in html
    assert 'title="https://elsewhere.example/login"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html
    assert '<bdi class="link-host">(elsewhere.example)</bdi>' in html


def test_a_link_that_is_its_own_text_is_not_said_twice() -> None:
    assert "bdi" not in render_markdown("See https://example.org/page for more.")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://bank.example@elsewhere.example/", "elsewhere.example"),
        ("[https://bank.example/](https://elsewhere.example/)", "elsewhere.example"),
        ("https://b\u0430nk.example/", "xn--bnk-6cd.example"),
        ("[mail](mailto:someone@example.org?body=x)", "someone@example.org"),
    ],
)
def test_a_text_that_looks_like_another_host_does_not_hide_the_real_one(
    text: str, host: str
) -> None:
    assert f'<bdi class="link-host">({host})</bdi>' in render_markdown(text)


@pytest.mark.parametrize("text", ["README.md", "setup.sh", "me@example.org", "example.org"])
def test_only_what_is_written_as_an_address_becomes_a_link(text: str) -> None:
    assert render_markdown(text) == f"<p>{text}</p>\n"


def test_a_refused_link_stays_as_it_was_written() -> None:
    assert render_markdown("[a](/settings)") == "<p>[a](/settings)</p>\n"


def test_a_reference_style_link_is_no_link() -> None:
    html = render_markdown("[a][1]\n\n[1]: https://example.org/x 'y'\n")
    assert "<p>[a][1]</p>" in html


def test_html_is_shown_and_not_obeyed() -> None:
    assert render_markdown("<b>x</b>") == "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"


def test_line_ends_of_every_kind_read_the_same() -> None:
    assert render_markdown("a\r\n\r\nb\rc") == render_markdown("a\n\nb\nc")


def test_what_cannot_be_written_becomes_a_replacement_sign() -> None:
    assert render_markdown("a\0b\ud800c") == "<p>a\ufffdb\ufffdc</p>\n"


@pytest.mark.parametrize("language", ["ko", "ja"])
def test_korean_and_japanese_come_through_unchanged(language: str) -> None:
    text = {"ko": "안녕하세요. **굵게** 씁니다.", "ja": "こんにちは、**太字**です。"}[language]
    assert render_markdown(text).count("<strong>") == 1
