"""Documents of every kind, written by hand: small, real, and as broken as a test wants them."""

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pdf(pages: Sequence[str], *, outline: Mapping[str, int] | None = None) -> bytes:
    """A PDF with those texts, a line each; `outline` has titles and the pages they lead to."""
    objects: list[bytes] = [b"", b""]

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    font = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for text in pages:
        lines = "".join(f"({_escaped(line)}) Tj T* " for line in text.split("\n"))
        drawn = zlib.compress(f"BT /F1 11 Tf 14 TL 50 780 Td {lines}ET".encode("latin-1"))
        head = f"<< /Filter /FlateDecode /Length {len(drawn)} >>\nstream\n".encode()
        content = add(head + drawn + b"\nendstream")
        kids.append(
            add(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R "
                f"/Resources << /Font << /F1 {font} 0 R >> >> >>".encode()
            )
        )
    entries = list((outline or {}).items())
    first = len(objects) + 2
    root = f"/Outlines {len(objects) + 1} 0 R" if entries else ""
    if entries:
        last = first + len(entries) - 1
        add(f"<< /Type /Outlines /First {first} 0 R /Last {last} 0 R >>".encode())
    for at, (title, page) in enumerate(entries):
        following = f"/Next {first + at + 1} 0 R" if at + 1 < len(entries) else ""
        add(
            f"<< /Title ({_escaped(title)}) /Parent {first - 1} 0 R {following} "
            f"/Dest [{kids[page - 1]} 0 R /Fit] >>".encode()
        )
    objects[0] = f"<< /Type /Catalog /Pages 2 0 R {root} >>".encode()
    listed = " ".join(f"{kid} 0 R" for kid in kids)
    objects[1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    return joined(objects)


def joined(objects: Sequence[bytes], trailer: str = "") -> bytes:
    """Those objects with the table that says where each of them begins."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    start = out.index(b"xref\n")
    out += f"trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(out)


def encrypted_pdf() -> bytes:
    """It asks for a password, which nobody has."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
        b"<< /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <%b> /U <%b> >>"
        % (b"41" * 32, b"42" * 32),
    ]
    return joined(objects, f"/Encrypt 3 0 R /ID [<{'00' * 16}> <{'00' * 16}>]")


def archive(entries: Mapping[str, str | bytes]) -> bytes:
    """A ZIP with those."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return out.getvalue()


def docx(body: str, **more: str) -> bytes:
    """A Word document with that XML as its body; "heading 1" is called H1 in it."""
    styles = (
        f'<w:styles xmlns:w="{_W}"><w:style w:type="paragraph" w:styleId="H1">'
        '<w:name w:val="heading 1"/></w:style><w:style w:type="paragraph" w:styleId="H2">'
        '<w:name w:val="heading 2"/></w:style></w:styles>'
    )
    document = f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>'
    return archive({"word/document.xml": document, "word/styles.xml": styles, **more})


def paragraph(text: str, style: str = "") -> str:
    """One for such a body."""
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}<w:r><w:t>{text}</w:t></w:r></w:p>"


def epub(chapters: Sequence[str], **more: str) -> bytes:
    """A book with those chapters, as the HTML inside their bodies."""
    items = "".join(
        f'<item id="c{at}" href="text/c{at}.xhtml" media-type="application/xhtml+xml"/>'
        for at in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{at}"/>' for at in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OPS/book.opf"/></rootfiles></container>'
    )
    texts = {
        f"OPS/text/c{at}.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{each}</body>'
        "</html>"
        for at, each in enumerate(chapters)
    }
    parts = {"mimetype": "application/epub+zip", "META-INF/container.xml": container}
    return archive({**parts, "OPS/book.opf": package, **texts, **more})


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
