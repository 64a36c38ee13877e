"""Files that are broken, or made to do harm: each is refused with a sentence, and nothing falls."""

import sys
from pathlib import Path

import papers
import pytest

sys.path.append(str(Path(__file__).parent))

from reading_steps import read

from appliance.documents import reading
from appliance.documents.reading import ReadingLimits
from appliance.errors import DocumentRefused

ZEROS = "x" * (64 << 20)
ENTITY = '<!DOCTYPE w [<!ENTITY a "{}"><!ENTITY b "{}">]>'.format("ha" * 100, "&a;" * 1000)


def looping_pdf() -> bytes:
    """Its tree of pages has itself for a branch."""
    return papers.joined(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 1000000000 >>",
        ]
    )


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "a.txt", "empty"),
        (b" \n\t", "a.txt", "empty"),
        (papers.encrypted_pdf(), "a.pdf", "password"),
        (b"%PDF-1.7\nthis is none", "a.pdf", "damaged"),
        (papers.pdf(["", ""]), "scan.pdf", "pictures of pages"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a.png", "picture"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "a.doc", "old Office file"),
        (b"{\\rtf1 Hello}", "a.rtf", "RTF"),
        (bytes(range(256)) * 20, "a.txt", "does not know this kind"),
        (b"\x7fELF\x02\x01\x01" + bytes(500), "a.txt", "does not know this kind"),
        (papers.docx(papers.paragraph("Hello."))[:300], "a.docx", "damaged"),
        (papers.archive({"a.txt": "Hello."}), "a.zip", "Unpack it"),
        (papers.archive({"xl/workbook.xml": "<a/>"}), "a.xlsx", "spreadsheet"),
        (papers.archive({"ppt/presentation.xml": "<a/>"}), "a.pptx", "presentation"),
        (papers.archive({"word/document.xml": "<w:document"}), "a.docx", "damaged"),
        (papers.archive({"word/document.xml": f"<w>{ZEROS}</w>"}), "a.docx", "far more"),
        (papers.epub([ZEROS]), "a.epub", "far more"),
        (papers.archive({"META-INF/container.xml": "<container/>"}), "a.epub", "damaged"),
        (papers.archive({"word/document.xml": f"{ENTITY}<w>&b;</w>"}), "a.docx", "damaged"),
        (papers.docx(""), "a.docx", "no text"),
        (b"<html><script>x</script>", "a.html", "no text"),
        (
            papers.epub(
                ["<p>Hello.</p>"],
                **{"META-INF/encryption.xml": "<e><CipherReference URI='OPS/text/c0.xhtml'/></e>"},
            ),
            "a.epub",
            "protected",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(content, name, sentence):
    with pytest.raises(DocumentRefused, match=sentence) as refused:
        read(content, name)
    assert refused.value.sentence.endswith(".")


def test_a_pdf_whose_pages_turn_in_a_circle_comes_to_an_end():
    with pytest.raises(DocumentRefused):
        read(looping_pdf(), "loop.pdf", ReadingLimits(1 << 30, step_cpu_seconds=5))


def test_a_file_of_the_box_is_not_read_through_an_entity(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("zanzibar")
    start = f'<!DOCTYPE w [<!ENTITY x SYSTEM "file://{secret}">]>'
    content = papers.archive({"word/document.xml": f"{start}<w>&x;</w>"})
    with pytest.raises(DocumentRefused, match="damaged"):
        read(content, "a.docx")


def test_a_deep_tree_is_no_deep_call():
    page = f"<html>{'<div>' * 100_000}Hello.{'</div>' * 100_000}".encode()
    try:
        passages, _ = read(page, "deep.html")
    except DocumentRefused:
        return  # the parser may have its own mind about such depth
    assert len(passages) <= 1


def on_its_start(body: str) -> str:
    """A child that gives up everything as ours does, and then does that."""
    return (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import os, signal, time\n"
        "from appliance.documents import reading_child\n"
        f"def kind_of(file, name):\n    {body}\n"
        "reading_child.kind_of = kind_of; reading_child.main()"
    )


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("while True: pass", "took too long"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "broke off"),
        ("os.abort()", "broke off"),
        ("os._exit(0)", "broke off"),
        ("os.write(1, b'{}' * 100000); os._exit(0)", "broke off"),
        ("os.write(1, b'nonsense' + bytes([10])); os._exit(0)", "broke off"),
        ("bytearray(8 << 30)", "more memory"),
        ("open('/tmp/documents-written-by-child', 'wb').write(b'x' * 10)", "damaged"),
        ("__import__('socket').create_connection(('127.0.0.1', 9), 1)", "damaged"),
    ],
)
def test_whatever_the_child_does_the_parent_has_a_sentence(monkeypatch, body, sentence):
    monkeypatch.setattr(reading, "_START", on_its_start(body))
    with pytest.raises(DocumentRefused, match=sentence):
        read(b"Hello.", "a.txt", ReadingLimits(1 << 30, step_cpu_seconds=0.5))


def test_a_child_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(reading, "_START", on_its_start("signal.pause()"))
    with pytest.raises(DocumentRefused, match="took too long"):
        read(b"Hello.", "a.txt", ReadingLimits(1 << 30, wall_seconds=3))


def test_more_text_than_a_document_has_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_PASSAGES", 3)
    with pytest.raises(DocumentRefused):
        read(papers.pdf(["One.", "Two.", "Three.", "Four."]))
