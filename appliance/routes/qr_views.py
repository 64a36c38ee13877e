"""QR codes, drawn by the page itself: no image, no style, nothing to fetch."""

from appliance.routes.account_data import QrView

_QUIET = 4
"""White squares around it, without which cameras do not find it."""


def qr_view(text: str) -> QrView:
    """One that says this. Each run of dark squares of a line is one stroke of the path."""
    import segno  # seldom needed, so not with every start

    rows = segno.make(text, error="m", micro=False).matrix
    strokes: list[str] = []
    for y, row in enumerate(rows, _QUIET):
        start = None
        for x, is_dark in enumerate([*row, 0], _QUIET):
            if is_dark and start is None:
                start = x
            elif not is_dark and start is not None:
                strokes.append(f"M{start} {y}h{x - start}v1H{start}z")
                start = None
    return QrView(len(rows) + 2 * _QUIET, "".join(strokes))
