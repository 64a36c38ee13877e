"""What FTS5 leaves of a deleted word, and how it goes.

With `secure-delete` FTS5 takes a deleted term out of its pages at once. But an index has many
pages, and a table of signposts, `..._idx`, says which begins where: the signpost to a page is the
first term on it, or as much of it as tells it from the term before. When that very term is
deleted, the signpost stays, with the beginning of a deleted word on it, or all of it.

So after a deletion each signpost is compared with the first term that is on its page now. One that
says anything else gets the shortest beginning of that term that still shows the way: it is greater
than the old signpost, and thus than every term before it, and not greater than the page's first.
One without a page, or to a page that has no term of its own any more, shows no way at all and goes.

Formats, from the source of FTS5: a page lies in `..._data` under (segment << 37) + number; its
bytes 2 and 3 are where its footer begins; the footer's first varint is where its first term lies; a
first term is its length as a varint, and its bytes. A signpost holds 2 * number, and 1 more if the
page has an index of its rows.
"""

from aiosqlite import Connection

from appliance.store.rows import all_rows, changed_rows

SIGNPOSTS = """
SELECT signpost.segid, signpost.term, page.block
FROM {0}_idx signpost
LEFT JOIN {0}_data page ON page.id = (signpost.segid << 37) + (signpost.pgno >> 1)
WHERE length(signpost.term) > 0
"""
RENEW = "UPDATE {0}_idx SET term = ? WHERE segid = ? AND term = ?"
TAKE_DOWN = "DELETE FROM {0}_idx WHERE segid = ? AND term = ?"


async def renew_signposts(tx: Connection, table: str) -> int:
    """Call after rows of that full-text table were deleted. Returns how many were not true."""
    # Deletions wait in memory until then.
    await changed_rows(tx, f"INSERT INTO {table} ({table}) VALUES ('flush')", ())
    signposts = await all_rows(tx, SIGNPOSTS.format(table), ())
    renewed = 0
    for segment, signpost, page in signposts:
        first = first_term(page) if page else b""
        if first.startswith(signpost):
            continue
        renewed += 1
        if first:
            shown = _shown_by(signpost, first)
            await changed_rows(tx, RENEW.format(table), (shown, segment, signpost))
        else:
            await changed_rows(tx, TAKE_DOWN.format(table), (segment, signpost))
    return renewed


def first_term(page: bytes) -> bytes:
    """The first term that begins on a page; none on a page that only goes on with another's."""
    footer = int.from_bytes(page[2:4], "big")
    if footer >= len(page):
        return b""
    at, _ = _varint(page, footer)
    length, at = _varint(page, at)
    return page[at : at + length]


def _shown_by(signpost: bytes, first: bytes) -> bytes:
    """The shortest beginning of `first` that is greater than `signpost`."""
    shared = 0
    while first[shared : shared + 1] == signpost[shared : shared + 1] != b"":
        shared += 1
    return first[: shared + 1]


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """SQLite's variable-length integer, and where the next thing begins."""
    value = 0
    while True:
        byte = page[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
