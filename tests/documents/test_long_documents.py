"""How long a long PDF takes. The figures are printed; what is counted is what must hold."""

import asyncio
from time import monotonic

import papers
import pytest

PARAGRAPH = (
    "The pump of unit {0} moves water through the left loop and then through the right one, and\n"
    "its needle stands at {0} points while it does. When it falls, look at the filter first,\n"
    "which sits behind the grey lid, and only then at the motor, its number is on the plate."
)


def long_pdf(pages):
    return papers.pdf(
        ["\n".join(PARAGRAPH.format(8 * n + m) for m in range(8)) for n in range(pages)]
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_thousand_pages_are_read_while_others_are_served(shelf):
    content = long_pdf(1000)
    shelf.library.limits = type(shelf.library.limits)(100_000_000, 100_000_000)
    gaps, began = [0.0], monotonic()
    reading = asyncio.create_task(shelf.put(content, "long.pdf"))
    while not reading.done():
        before = monotonic()
        await asyncio.sleep(0.005)
        gaps.append(monotonic() - before - 0.005)
    document = reading.result()
    took, worst = monotonic() - began, max(gaps)
    print(f"{document.pages} pages in {took:.1f} s, the event loop stood for {worst:.3f} s at most")
    assert document.pages == 1000 and document.passages >= 1000
    began = monotonic()
    opened = await shelf.library.open(shelf.person, document.document_id, passage=1500)
    print(f"opened in {monotonic() - began:.3f} s")
    assert 1500 in [each.number for each in opened.passages]
