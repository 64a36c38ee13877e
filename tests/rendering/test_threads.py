"""Pages are rendered in threads of their own, beside replies that grow."""

from concurrent.futures import ThreadPoolExecutor

from appliance.rendering.markdown import render_markdown

TEXTS = [
    f"See https://example.org/{number} and www.example.org, **{number}**.\n\n"
    + f"- mail to a{number}@example.org\n" * (number % 5)
    + f"\n```python\ndef f{number}(x):\n    return '{number}' * x  # times\n```\n\n"
    + f"| a | {number} |\n|---|--:|\n| http://b.example/{number} | c |\n"
    for number in range(40)
]


def test_many_threads_render_what_one_does() -> None:
    alone = [render_markdown(text) for text in TEXTS]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            assert list(threads.map(render_markdown, TEXTS)) == alone
