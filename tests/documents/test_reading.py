"""What is in documents of every kind, read by the real child process."""

import sys
from pathlib import Path

import papers
import pytest

sys.path.append(str(Path(__file__).parent))

from reading_steps import read

TEXT = "The boiler is in the cellar, behind the blue door."


def test_a_pdf_is_read_with_its_pages_and_its_outline():
    content = papers.pdf(
        ["First words.", TEXT, "The end (really)."], outline={"Heating": 2, "Last": 3}
    )
    passages, end = read(content)
    assert [(each.text, each.page, each.heading) for each in passages] == [
        ("First words.", 1, ""),
        (TEXT, 2, "Heating"),
        ("The end (really).", 3, "Last"),
    ]
    assert (end.kind, end.pages) == ("pdf", 3)


def test_lines_of_a_pdf_that_go_on_are_one_paragraph():
    page = (
        "The boiler stands in the cellar and is ser-\nviced every year by somebody who knows\nit."
    )
    ((passage,), _) = read(papers.pdf([page]))
    assert passage.text == page.replace("ser-\nviced", "serviced").replace("\n", " ")


def test_a_word_document_is_read_with_headings_and_tables():
    table = "<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>".format(
        papers.paragraph("Room"), papers.paragraph("21 degrees")
    )
    body = papers.paragraph("House", "H1") + papers.paragraph("Heating", "H2")
    passages, end = read(papers.docx(body + papers.paragraph(TEXT) + table))
    assert [(each.text, each.heading, each.page) for each in passages] == [
        (f"{TEXT}\nRoom | 21 degrees", "House › Heating", None)
    ]
    assert end.kind == "docx"


def test_a_book_is_read_in_the_order_of_its_chapters():
    passages, end = read(papers.epub([f"<h1>One</h1><p>{TEXT}</p>", "<h1>Two</h1><p>More.</p>"]))
    assert [(each.text, each.heading) for each in passages] == [(TEXT, "One"), ("More.", "Two")]
    assert end.kind == "epub"


def test_a_web_page_is_read_without_its_scripts():
    page = (
        "<!doctype html><title>House</title><script>steal()</script><style>p{}</style>"
        f"<nav>Home</nav><h2>Heating</h2><p>The <b>boiler</b> is<br>here.<p>{TEXT}"
        "<table><tr><td>a<td>b<tr><td>c<td>d</table><!-- no -->"
    )
    passages, end = read(page.encode())
    assert [(each.text, each.heading) for each in passages] == [
        ("Home", "House"),
        (f"The boiler is\nhere.\n\n{TEXT}\na | b\nc | d", "House › Heating"),
    ]
    assert end.kind == "html"


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        ("<!doctype html>", "utf-8"),
        ("<!doctype html><meta charset=euc-kr>", "cp949"),
        ("<!doctype html>", "cp949"),
        ("<!doctype html>", "utf-16"),
    ],
)
def test_a_web_page_is_read_whatever_it_is_written_in(start, encoding):
    text = "보일러는 지하실에 있습니다. 파란 문 뒤입니다."
    ((passage,), end) = read(f"{start}<p>{text}".encode(encoding))
    assert (passage.text, end.kind) == (text, "html")


def test_a_book_is_read_in_every_language():
    ((passage,), _) = read(papers.epub(["<p>ボイラーは地下室にあります。</p>"]))
    assert passage.text == "ボイラーは地下室にあります。"


def test_markdown_is_read_with_its_headings_and_its_code_in_one_piece():
    text = f"# House\n\nHello.\n\nHeating\n-------\n\n{TEXT}\n\n```\n# no heading\n\nx = 1\n```\n"
    passages, end = read(text.encode(), "notes.md")
    assert [(each.text, each.heading) for each in passages] == [
        ("Hello.", "House"),
        (f"{TEXT}\n\n```\n# no heading\n\nx = 1\n```", "House › Heating"),
    ]
    assert end.kind == "markdown"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_value_of_a_table_is_named(delimiter):
    rows = [["Name", "Room"], ["Ann", '"the, blue; one"'], ["Ben", ""]]
    content = "\r\n".join(delimiter.join(row) for row in rows)
    ((passage,), end) = read(content.encode(), "rooms.csv")
    assert passage.text == "Name: Ann; Room: the, blue; one\nName: Ben"
    assert end.kind == "csv"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("보일러는 지하실에 있습니다.", "utf-8"),
        ("보일러는 지하실에 있습니다. 파란 문 뒤입니다.", "cp949"),
        ("ボイラーは地下室にあります。青いドアの後ろです。", "cp932"),
        ("ボイラーは地下室にあります。青いドアの後ろです。", "euc_jp"),
        ("Der Kessel steht im Keller, hinter der grünen Tür.", "cp1252"),
        ("Der Kessel steht im Keller, hinter der grünen Tür.", "utf-16"),
        ("The boiler is in the cellar.", "utf-16-le"),
        ("The boiler is in the cellar.", "utf-8-sig"),
    ],
)
def test_text_is_read_whatever_it_is_written_in(text, encoding):
    ((passage,), end) = read(text.encode(encoding), "x.txt")
    assert passage.text == text
    assert end.kind == "text"


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (papers.pdf(["Hello."]), "letter.docx", "pdf"),
        (papers.docx(papers.paragraph("Hello.")), "letter.pdf", "docx"),
        (papers.epub(["<p>Hello.</p>"]), "letter.txt", "epub"),
        (b"<html><p>Hello.", "letter.pdf", "html"),
        (b"Hello.", "letter.pdf", "text"),
    ],
)
def test_a_wrong_name_does_not_deceive(content, name, kind):
    ((passage,), end) = read(content, name)
    assert (passage.text, end.kind) == ("Hello.", kind)
