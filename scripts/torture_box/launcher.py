"""The appliance with a few of its constants changed: `launcher.py [OPTIONS] serve ...`

For the runs that need an appliance as no setting makes it: one that syncs less than it must (to see
that the proof would notice), one that moves its WAL often, one whose replies can be compared.
"""

import argparse
import sys

from appliance.cli.main import main
from appliance.conversations.model_profile import ModelProfile
from appliance.engine.sequence import SamplingParams
from appliance.store import opening


def change_pragma(name: str, value: str) -> None:
    """For the connection that writes."""
    kept = [p for p in opening.WRITER_PRAGMAS if not p.startswith(f"{name}=")]
    opening.WRITER_PRAGMAS = (*kept, f"{name}={value}")  # type: ignore[assignment]


def always_take_the_likeliest() -> None:
    """The same prompt then has the same reply."""
    as_advised = ModelProfile.sampling_params

    def sampling_params(self: ModelProfile, **given: object) -> SamplingParams:
        return as_advised(self, **{**given, "temperature": 0.0})

    ModelProfile.sampling_params = sampling_params  # type: ignore[method-assign]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--synchronous")
    parser.add_argument("--wal-pages")
    parser.add_argument("--greedy", action="store_true")
    options, arguments = parser.parse_known_args()
    if options.synchronous:
        change_pragma("synchronous", options.synchronous)
    if options.wal_pages:
        change_pragma("wal_autocheckpoint", options.wal_pages)
    if options.greedy:
        always_take_the_likeliest()
    sys.argv[1:] = arguments
    main()
