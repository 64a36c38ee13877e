"""The book that indexing is timed with is a real PDF, and each question has one right page."""

import tempfile

from benchmark import document_pages
from benchmark.pdf_file import Line, pdf

from appliance.documents.answer import ReadAll, ReadPassage
from appliance.documents.reading import Reading


def read(content: bytes) -> list:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        reading = Reading(file, "Book.pdf")
        said = []
        while taken := reading.take(16):
            said += taken
        reading.close()
    return said


def test_each_question_is_answered_on_its_page_and_on_no_other():
    said = read(pdf(document_pages.pages(40)))
    (end,) = [each for each in said if isinstance(each, ReadAll)]
    assert end.pages == 40
    texts: dict[int, str] = {}
    for each in said:
        if isinstance(each, ReadPassage):
            texts[each.page] = f"{texts.get(each.page, '')} {' '.join(each.text.split())}"
    asked = list(document_pages.questions(40, 10))
    assert len({page for _, page in asked}) == 10
    for question, page in asked:
        name, town = question.split("key of ")[1].split("'s workshop in ")
        town = town.split()[0]
        right = [
            number
            for number, text in texts.items()
            if f"workshop in {town}" in text and f"belongs to {name}. The spare key" in text
        ]
        assert right == [page]
        assert len(texts[page]) > 1000


def test_what_means_something_in_a_pdf_is_drawn_as_it_is():
    (passage,) = [
        each for each in read(pdf([[Line(r"a (b) c\d")]])) if isinstance(each, ReadPassage)
    ]
    assert passage.text == r"a (b) c\d"


def test_the_book_is_the_same_every_time():
    assert pdf(document_pages.pages(3)) == pdf(document_pages.pages(3))
