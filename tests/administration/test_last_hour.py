"""What is kept of the last hour: figures, no more than an hour of them, and nothing on the disk."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.administration.health import Health, HealthNow
from appliance.administration.last_hour import HOUR_SECONDS, LOOK_SECONDS, LastHour
from appliance.conversations.box_status import BoxStatus
from appliance.engine.gauges import STEP_BOUNDS_SECONDS, EngineGauges

NO_STEPS = (0,) * (len(STEP_BOUNDS_SECONDS) + 1)


class Looked:
    """A box whose figures a test sets, and its clock."""

    def __init__(self, folder: Path) -> None:
        self.gauges = EngineGauges(total_cells=100)
        self.at = 0.0
        status = BoxStatus("ready", "a-model", "Ready.")
        hot, snapshots = SimpleNamespace(is_away=False), SimpleNamespace(used_bytes=0)
        self._health = Health(lambda: status, lambda: self.gauges, hot, snapshots, folder / "db")
        self.hour = LastHour(self._now, lambda: self.at)
        self.error: OSError | None = None

    async def _now(self) -> HealthNow:
        if self.error is not None:
            raise self.error
        return await self._health.now()

    async def pass_by(self, seconds: float = LOOK_SECONDS, **gauges: object) -> None:
        self.at += seconds
        self.gauges = replace(self.gauges, **gauges)  # type: ignore[arg-type]
        await self.hour.take()


@pytest.fixture
def looked(tmp_path: Path) -> Looked:
    return Looked(tmp_path)


async def test_nothing_is_known_before_the_first_look(looked: Looked) -> None:
    assert looked.hour.samples() == ()


async def test_each_look_is_there_with_its_age(looked: Looked) -> None:
    await looked.pass_by(running=2, waiting=1, used_cells=25)
    await looked.pass_by(running=0)
    (old_age, old), (age, new) = looked.hour.samples()
    assert (old_age, age) == (LOOK_SECONDS, 0)
    assert (old.running, old.waiting, old.kv_share) == (2, 1, 0.25)
    assert new.running == 0
    assert 0 < old.disk_share < 1
    assert old.process_bytes


async def test_there_is_never_more_than_an_hour_of_it(looked: Looked) -> None:
    for _ in range(500):
        await looked.pass_by()
    ages = [age for age, _ in looked.hour.samples()]
    assert len(ages) == HOUR_SECONDS / LOOK_SECONDS
    assert max(ages) < HOUR_SECONDS
    looked.at += HOUR_SECONDS + 1  # the machine slept
    assert looked.hour.samples() == ()


async def test_tokens_are_those_since_the_last_look(looked: Looked) -> None:
    await looked.pass_by(written_tokens=1000)
    await looked.pass_by(10, written_tokens=1250)
    await looked.pass_by(10, written_tokens=5)  # another model counts from the beginning
    assert [each.tokens_per_second for _, each in looked.hour.samples()] == [0, 25, 0]


async def test_the_longest_step_is_one_since_the_last_look(looked: Looked) -> None:
    def steps(**counted: int) -> tuple[int, ...]:
        return tuple(counted.get(f"c{number}", 0) for number in range(len(NO_STEPS)))

    await looked.pass_by(step_counts=steps(c9=4))
    await looked.pass_by(step_counts=steps(c9=4, c3=7, c1=2))
    await looked.pass_by(step_counts=steps(c9=4, c3=7, c1=2))
    await looked.pass_by(step_counts=steps(c1=1))
    assert [each.longest_step for _, each in looked.hour.samples()] == [
        None,
        STEP_BOUNDS_SECONDS[3],
        None,
        None,
    ]


async def test_another_machine_s_cache_is_not_made_up(looked: Looked) -> None:
    await looked.pass_by(total_cells=0)
    assert looked.hour.samples()[0][1].kv_share is None
