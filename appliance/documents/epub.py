"""An electronic book: its chapters in the order in which they are read."""

from collections.abc import Iterator

from appliance.documents.block import Block
from appliance.documents.marked_up import html_blocks, local_name, xml
from appliance.documents.packed import DAMAGED, Packed, name_beside
from appliance.errors import DocumentRefused
from appliance.sentences import say

_CONTAINER = "META-INF/container.xml"
_LOCKS = "META-INF/encryption.xml"
_CHAPTERS = ("application/xhtml+xml", "text/html")
_PROTECTED = say("The book is protected against copying, so the box cannot read it.")


def blocks(packed: Packed) -> Iterator[Block]:
    """Raises DocumentRefused."""
    chapters = _chapters(packed)
    if _LOCKS in packed.names and not _locked(packed).isdisjoint(chapters):
        raise DocumentRefused(_PROTECTED)
    for chapter in chapters:
        yield from html_blocks(packed.read(chapter))


def _chapters(packed: Packed) -> list[str]:
    roots = [
        each.get("full-path", "")
        for each in xml(packed.read(_CONTAINER)).iter()
        if local_name(each) == "rootfile"
    ]
    if not roots:
        raise DocumentRefused(DAMAGED)
    package = xml(packed.read(roots[0]))
    files = {
        each.get("id", ""): name_beside(roots[0], each.get("href", ""))
        for each in package.iter()
        if local_name(each) == "item" and each.get("media-type") in _CHAPTERS
    }
    wanted = (each.get("idref", "") for each in package.iter() if local_name(each) == "itemref")
    # Each once: a book of which a page is listed a million times is none.
    return list(dict.fromkeys(files[each] for each in wanted if each in files))


def _locked(packed: Packed) -> set[str]:
    """What is encrypted; fonts often are, and nobody reads those."""
    return {
        name_beside("", each.get("URI", ""))
        for each in xml(packed.read(_LOCKS)).iter()
        if local_name(each) == "CipherReference"
    }
