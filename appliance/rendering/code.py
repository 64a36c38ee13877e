"""Code blocks: a figure with the language, a Copy button and coloured code.

The language is the fence's own word and never guessed. Only languages on the list below are
coloured: Pygments knows hundreds, and a model may name any of them, also those with slow patterns.
For that reason no lexer is on the list that hands text on to others by a name it finds in the text.
"""

from functools import cache
from html import escape
from time import thread_time

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.token import STANDARD_TYPES, _TokenType  # type: ignore[import-untyped]

# Longer code is shown without colours: they cost time and several times the code's size.
MAX_COLOURED_CHARS = 10_000
# Patterns that go back and forth over a line take time that grows with the square of its length.
MAX_COLOURED_LINE_CHARS = 300
# What is left of slow patterns. The thread's own time, so that a busy box does not change what a
# page looks like: usual code needs a tenth of it.
MAX_COLOURING_SECONDS = 0.2
MAX_LANGUAGE_CHARS = 32

_LANGUAGES = """
awk bash c c++ cmake cpp cs csharp c# css dart diff docker dockerfile elixir ex erlang f# fsharp
go golang groovy haskell hs html ini java javascript js jinja json jsx julia jl kotlin latex
less lua make makefile markdown md nginx nim nix objective-c objc ocaml perl php pl
powershell ps1 py python python3 r rb rs ruby rust scala scss sh shell sql sqlite3 swift tex
toml ts tsx typescript vim xml yaml yml zig zsh
"""
# Endings of file names that models write where a language belongs, and Pygments does not know.
_NICKNAMES = {
    **{"cc": "cpp", "h": "c", "hpp": "cpp", "jsonl": "json", "kt": "kotlin", "patch": "diff"},
    **{"mjs": "javascript", "svg": "xml", "conf": "ini", "erl": "erlang"},
    "postgresql": "sql",
}
LANGUAGES = frozenset(_LANGUAGES.split()) | frozenset(_NICKNAMES)
# Names, punctuation, white space and what the lexer does not understand are left as they are:
# they would be most of the tags, and no one colours them.
_UNCOLOURED = frozenset({"", "n", "p", "w", "err", "esc", "x", "g"})
TOKEN_CLASSES = frozenset(STANDARD_TYPES.values()) - _UNCOLOURED


def code_figure(code: str, language: str = "", *, coloured: bool = True) -> str:
    """HTML of a code block; `language` is shown as it is, and coloured where it is known."""
    label = f'<span class="code-language">{escape(language[:MAX_LANGUAGE_CHARS])}</span>'
    body = _coloured(code, language.lower()) if coloured else escape(code)
    return (
        f'<figure class="code"><figcaption>{label if language else ""}'
        '<button type="button" class="copy-code">Copy</button></figcaption>'
        f'<pre><code class="highlight">{body}</code></pre></figure>\n'
    )


def _coloured(code: str, language: str) -> str:
    if language not in LANGUAGES or len(code) > MAX_COLOURED_CHARS:
        return escape(code)
    if max(map(len, code.split("\n"))) > MAX_COLOURED_LINE_CHARS:
        return escape(code)
    runs: list[tuple[str, str]] = []
    lexer = _lexer(language)
    give_up_at = thread_time() + MAX_COLOURING_SECONDS
    for token_type, text in lexer.get_tokens(code):
        if thread_time() > give_up_at:
            return escape(code)
        name = _class_of(token_type)
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1] + text)
        else:
            runs.append((name, text))
    if "".join(text for _, text in runs) != code:
        return escape(code)  # a lexer that drops what it does not expect
    return "".join(
        f'<span class="{name}">{escape(text)}</span>' if name else escape(text)
        for name, text in runs
    )


@cache
def _lexer(language: str) -> Lexer:
    # Pygments would strip empty lines at both ends; what is copied must be what was written.
    # Markdown's lexer would give code inside it to lexers that are not on the list.
    options = {"stripnl": False, "ensurenl": False, "handlecodeblocks": False}
    lexer: Lexer = get_lexer_by_name(_NICKNAMES.get(language, language), **options)
    return lexer


@cache
def _class_of(token_type: _TokenType) -> str:
    while token_type not in STANDARD_TYPES and token_type.parent is not None:
        token_type = token_type.parent
    name = STANDARD_TYPES.get(token_type, "")
    return name if name in TOKEN_CLASSES else ""
