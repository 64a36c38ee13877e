"""Reading a document in the real child process, at once."""

import io
import os
from typing import cast

from appliance.documents.answer import ReadAll, ReadPassage
from appliance.documents.reading import Reading, ReadingLimits


def read(
    content: bytes, name: str = "x", limits: ReadingLimits | None = None
) -> tuple[list[ReadPassage], ReadAll]:
    """All there is in it. Raises DocumentRefused."""
    with cast(io.BufferedRandom, os.fdopen(os.memfd_create("document"), "w+b")) as file:
        file.write(content)
        file.flush()
        reading = Reading(file, name, limits)
        try:
            said = []
            while batch := reading.take(100):
                said += batch
        finally:
            reading.close()
    passages = [each for each in said if isinstance(each, ReadPassage)]
    assert isinstance(said[-1], ReadAll)
    return passages, said[-1]
