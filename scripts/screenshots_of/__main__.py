import sys
from pathlib import Path

from screenshots_of.taking import take_all

if len(sys.argv) < 2:
    raise SystemExit("Say where to put them: scripts/screenshots FOLDER [PAGE ...]")
take_all(Path(sys.argv[1]), set(sys.argv[2:]), print)
