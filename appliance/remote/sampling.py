"""How the other machine is asked to sample: only what somebody chose is sent.

Its owner has set it up for its model; our own defaults, made for the models in this box, would undo
that.
"""

from dataclasses import dataclass
from typing import Any

from appliance.conversations.model_profile import ModelProfile
from appliance.engine.sequence import SamplingParams


@dataclass(frozen=True, slots=True)
class RemoteSampling(SamplingParams):
    """Sampling of which only the fields named in `given` were chosen by anybody."""

    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteProfile(ModelProfile):
    """A model elsewhere: its name, and nothing that we would know better than its machine."""

    def sampling_params(self, **given: Any) -> SamplingParams:
        drawn = ModelProfile.sampling_params(self, **given)
        return RemoteSampling(
            **{name: getattr(drawn, name) for name in SamplingParams.__dataclass_fields__},
            given=tuple(given),
        )


def given_of(sampling: SamplingParams) -> frozenset[str]:
    """The names of what was chosen."""
    if isinstance(sampling, RemoteSampling):
        return frozenset(sampling.given)
    return frozenset(SamplingParams.__dataclass_fields__)
