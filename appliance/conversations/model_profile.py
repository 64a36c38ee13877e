"""What a turn needs to know of the model it runs on."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.engine.sequence import SamplingParams


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """A model's name and hash, and how its makers advise to sample from it."""

    name: str
    sha256: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)

    def sampling_params(self, **given: Any) -> SamplingParams:
        """The model's defaults with what is given on top; a seed is drawn when none is."""
        drawn = {"seed": secrets.randbits(31) + 1}
        return SamplingParams(**{**drawn, **self.sampling, **given})
