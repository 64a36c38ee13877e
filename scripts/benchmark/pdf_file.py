"""A PDF of pages of text, each line drawn in its size and at its place."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_LEFT, _TOP, _LEADING = 50, 780, 1.3
_CATALOG, _PAGES, _FONT = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Line:
    """So large, in points, and so far to the right."""

    text: str
    size: int = 10
    indent: int = 0


def pdf(pages: Sequence[Sequence[Line]]) -> bytes:
    """The whole file."""
    drawn = [zlib.compress(_drawn(lines).encode("latin-1")) for lines in pages]
    kids = range(_FONT + 2, _FONT + 2 + 2 * len(drawn), 2)
    objects = [
        f"<< /Type /Catalog /Pages {_PAGES} 0 R >>".encode(),
        f"<< /Type /Pages /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] "
        f"/Count {len(drawn)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for kid, content in zip(kids, drawn, strict=True):
        head = f"<< /Filter /FlateDecode /Length {len(content)} >>\nstream\n".encode()
        objects.append(head + content + b"\nendstream")
        objects.append(
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 595 842] "
            f"/Contents {kid - 1} 0 R /Resources << /Font << /F1 {_FONT} 0 R >> >> >>".encode()
        )
    return _joined(objects)


def _drawn(lines: Sequence[Line]) -> str:
    height, parts = float(_TOP), []
    for line in lines:
        text = line.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        place = f"1 0 0 1 {_LEFT + line.indent} {height:.1f} Tm"
        parts.append(f"/F1 {line.size} Tf {place} ({text}) Tj")
        height -= line.size * _LEADING
    return f"BT {' '.join(parts)} ET"


def _joined(objects: Sequence[bytes]) -> bytes:
    """With the table that says where each of them begins."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
    start, size = len(out), len(objects) + 1
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {size} /Root {_CATALOG} 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(out)
