"""The appliance with a model that is odd on purpose: `launched_odd.py serve ...`

While the file ODD_HANG names is there, each step of the model hangs. ODD_STEP_SECONDS is how long
each step takes besides. ODD_PATIENCE_SECONDS is after what time a step counts as hanging.
"""

import os
import time
from collections.abc import Mapping
from collections.abc import Sequence as Tokens
from pathlib import Path

from appliance.cli.main import main
from appliance.engine import heartbeat
from appliance.engine.batch import Batch
from appliance.engine.llama_backend import LlamaBackend
from appliance.engine.sequence import Sequence

HANG = Path(os.environ.get("ODD_HANG", "/nonexistent"))
STEP_SECONDS = float(os.environ.get("ODD_STEP_SECONDS", "0"))
PATIENCE_SECONDS = float(os.environ.get("ODD_PATIENCE_SECONDS", str(heartbeat.STEP_SECONDS)))

decode = LlamaBackend.decode


def odd_decode(self: LlamaBackend, batch: Batch) -> Mapping[Sequence, Tokens[int]]:
    time.sleep(STEP_SECONDS)
    while HANG.exists():
        time.sleep(0.02)
    return decode(self, batch)


if __name__ == "__main__":
    LlamaBackend.decode = odd_decode  # type: ignore[method-assign]
    heartbeat.STEP_SECONDS = PATIENCE_SECONDS
    main()
