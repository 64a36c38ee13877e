"""How many examples the costly properties are tried on: few each time, many when there is time.

TEST_DOSES=whole scripts/test tests/engine
"""

import os


def examples(few: int, many: int) -> int:
    """For `max_examples`."""
    return many if os.environ.get("TEST_DOSES") == "whole" else few
