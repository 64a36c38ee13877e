"""Pages are rendered in threads of their own, beside replies that grow: all share one parser."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.rendering.markdown import render_markdown

TEXTS = [
    f"See https://example.org/{number} and www.example.org, **{number}**.\n\n"
    + f"- write to mailto:a{number}@example.org or http://c.example/{number}\n" * 4
    + f"\n```python\ndef f{number}(x):\n    return '{number}' * x  # times\n```\n\n"
    + f"| a | {number} |\n|---|--:|\n| http://b.example/{number} | c |\n"
    for number in range(16)
]


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


def test_many_threads_render_what_one_does(restless: None) -> None:
    alone = [render_markdown(text) for text in TEXTS]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            assert list(threads.map(render_markdown, TEXTS)) == alone
