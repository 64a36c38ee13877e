"""What was found, in lines. Pure."""

from torture_box.crowd import CrowdFigures
from torture_box.kills import KillFigures
from torture_box.power_cuts import CutFigures

_MOST_EXAMPLES = 20


def kill_lines(figures: KillFigures) -> list[str]:
    """Counts first, and then everything that was wrong."""
    return [
        f"kill -9: {figures.kills} under load, {figures.kills_while_starting} while starting",
        f"  messages accepted: {figures.accepted}; sent again after a kill: {figures.repeated}, "
        f"of which {figures.stored_without_answer} had been stored and not answered",
        f"  turns: {figures.turns}; cut off and gone on with: {figures.interrupted}; "
        f"given up after three breakdowns without a new word: {figures.given_up}",
        "  first replies that are word for word those of an undisturbed box: "
        f"{figures.interrupted_as_undisturbed} of {figures.interrupted_compared} cut off, "
        f"{figures.others_as_undisturbed} of {figures.others_compared} others",
        f"  wrong: {len(figures.wrong)}",
        *_some(figures.wrong),
    ]


def cut_lines(name: str, figures: CutFigures) -> list[str]:
    """One line, and examples where something was lost."""
    pace = figures.cuts / max(figures.seconds, 0.001)
    return [
        f"power cuts, {name}: {figures.cuts} ({pace:.0f}/s), {figures.promises} promises checked; "
        f"cuts that lost something: {figures.lost}, that corrupted: {figures.corrupt} "
        f"({figures.lost_messages} messages, {figures.lost_replies} replies)",
        *_some(figures.examples[:3]),
    ]


def crowd_lines(alone: CrowdFigures, together: CrowdFigures) -> list[str]:
    """With one reader and with all of them."""
    ratio = together.pieces_per_second / max(alone.pieces_per_second, 0.001)
    return [
        f"{figures.readers} readers: {figures.whole} got the whole reply; "
        f"{figures.pieces_per_second:.1f} pieces/s, {figures.memory_mb:.0f} MB, "
        f"{figures.cpu_seconds:.1f} s of processor time"
        for figures in (alone, together)
    ] + [f"speed of writing with all of them: {ratio:.0%} of alone"]


def _some(sentences: list[str]) -> list[str]:
    lines = [f"    {sentence}" for sentence in sentences[:_MOST_EXAMPLES]]
    if len(sentences) > _MOST_EXAMPLES:
        lines.append(f"    and {len(sentences) - _MOST_EXAMPLES} more")
    return lines
