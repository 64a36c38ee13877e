"""How much memory this box has, for advice on models."""

from pathlib import Path


def total_memory_gb(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    """In whole gigabytes as sold: a box of 16 reports a little less. None where nobody says."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemTotal:"):
            return round(int(line.split()[1]) / (1 << 20))
    return None
