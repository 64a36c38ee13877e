from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.rendering import code, parsing
from appliance.rendering.code import LANGUAGES, code_figure
from appliance.rendering.markdown import render_markdown


class CodeText(HTMLParser):
    """Collects the text inside `code`."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = self._inside or tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "code"

    def handle_data(self, data: str) -> None:
        self.text += data if self._inside else ""


def text_of(html: str) -> str:
    parser = CodeText()
    parser.feed(html)
    parser.close()
    return parser.text


def test_a_fence_is_a_figure_with_language_copy_button_and_colours() -> None:
    assert render_markdown("```python\ndef f(): pass\n```") == (
        '<figure class="code"><figcaption><span class="code-language">python</span>'
        '<button type="button" class="copy-code">Copy</button></figcaption>'
        '<pre><code class="highlight"><span class="k">def</span> <span class="nf">f</span>(): '
        '<span class="k">pass</span>\n</code></pre></figure>\n'
    )


@pytest.mark.parametrize("fence", ["```\n", "```nonsense\n", "    "])
def test_code_of_no_known_language_is_plain_and_never_guessed(fence: str) -> None:
    html = render_markdown(f"{fence}def f(): pass\n")
    assert '<code class="highlight">def f(): pass\n</code>' in html


def test_the_language_is_shown_as_text_and_not_at_any_length() -> None:
    html = render_markdown(f"```<b>{'x' * 500}\ncode\n```")
    assert "&lt;b&gt;xxx" in html
    assert "x" * 33 not in html


def test_only_the_first_word_names_the_language() -> None:
    html = render_markdown("```Python title=main.py\nx = 1\n```")
    assert '<span class="code-language">Python</span>' in html
    assert '<span class="mi">1</span>' in html


@pytest.mark.parametrize("text", ["x = 1\n" * 5000, "x = 1; " * 100])
def test_code_over_a_limit_is_plain(text: str) -> None:
    html = code_figure(text, "python")
    assert text_of(html) == text
    assert 'class="mi"' not in html


def test_only_so_much_code_of_a_text_is_coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_CODE_CHARS", 20)
    figures = render_markdown("```python\nx = 1\n```\n\nwords\n\n" * 5).split("</figure>")[:-1]
    assert ['class="mi"' in figure for figure in figures] == [True] * 3 + [False] * 2
    assert all(text_of(figure) == "x = 1\n" for figure in figures[3:])


def test_colouring_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1000))
    monkeypatch.setattr(code, "thread_time", lambda: float(next(ticks)))
    html = code_figure("x = 1\n", "python")
    assert '<code class="highlight">x = 1\n</code>' in html


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_on_the_list_exists(language: str) -> None:
    assert text_of(code_figure("x = 1 # <a>\n", language)) == "x = 1 # <a>\n"


CHARACTERS = st.text(st.sampled_from("ab1 \n\t\"'`#/*<>&{}()[]=-:$\\é한🙂"), max_size=80)


@given(st.sampled_from(sorted(LANGUAGES)), CHARACTERS)
@settings(max_examples=200, deadline=None)
def test_colours_change_no_character(language: str, text: str) -> None:
    assert text_of(code_figure(text, language)) == text
