"""The pictures of the last hour: what the lines show, and that the words beside them say it."""

import re
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path
from typing import Any

import pytest
from browsers import browser
from fakes import ScriptedBackend
from httpx import AsyncClient

from appliance.accounts.account import AccountRole
from appliance.administration.last_hour import Sample
from appliance.lifespan import Box, open_box
from appliance.routes.hour_data import HEIGHT, WIDTH, SparkView
from appliance.routes.hour_views import last_hour_view
from appliance.settings import Settings

WORDS = "wagtail"


def sample(**known: Any) -> Sample:
    given = {
        **{"at": 0.0, "running": 0, "waiting": 0, "tokens_per_second": 0.0, "longest_step": None},
        **{"kv_share": 0.5, "process_bytes": 600_000_000, "disk_share": 0.25},
    }
    return Sample(**{**given, **known})


def sparks(*samples: tuple[float, Sample]) -> dict[str, SparkView]:
    return {str(spark.name): spark for spark in last_hour_view(samples).sparks}


def points(line: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in (each.split(",") for each in line.split())]


def test_the_words_say_what_is_now_and_the_least_and_the_most() -> None:
    shown = sparks(
        (3000, sample(running=1, tokens_per_second=12.4, longest_step=0.1, disk_share=0.2)),
        (1500, sample(running=7, tokens_per_second=80.6, longest_step=inf, disk_share=0.31)),
        (0, sample(running=3, tokens_per_second=3.25, longest_step=None, disk_share=0.3)),
    )
    said = {name: (spark.now, spark.range) for name, spark in shown.items()}
    assert said["Being written"] == ("3", "1 to 7")
    assert said["Tokens a second"] == ("3.2", "3.2 to 81")
    assert said["Longest step"] == ("none", "none to over 5 s")
    assert said["Disk in use"] == ("30 %", "20 % to 31 %")
    assert said["Memory of the box"] == ("600 MB", "600 MB to 600 MB")


def test_a_step_s_words_are_the_bounds_it_is_counted_in() -> None:
    found = [
        sparks((0, sample(longest_step=n)))["Longest step"].now for n in (0.005, 0.2, 1.0, 5.0)
    ]
    assert found == ["up to 5 ms", "up to 200 ms", "up to 1 s", "up to 5 s"]


def test_the_line_stands_where_its_time_is_and_stays_inside() -> None:
    shown = sparks((3600, sample()), (1800, sample(running=4)), (0, sample(running=2)))
    (x0, y0), (x1, y1), (x2, y2) = points(shown["Being written"].line)
    assert (x0, x1, x2) == (0, WIDTH / 2, WIDTH)
    assert 0 <= y1 < y2 < y0 <= HEIGHT
    for spark in shown.values():
        for x, y in points(spark.line) + points(spark.area):
            assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def test_one_look_is_a_line_already_and_nothing_is_divided_by_nothing() -> None:
    shown = sparks((0, sample(kv_share=0, process_bytes=0, disk_share=0)))
    assert all(len(points(spark.line)) == 2 for spark in shown.values())


def test_what_a_box_does_not_know_has_no_picture() -> None:
    elsewhere = sparks((0, sample(kv_share=None, process_bytes=None)))
    assert elsewhere.keys() == {"Being written", "Waiting in line", "Disk in use"}
    assert last_hour_view([]).sparks == ()


def test_an_hour_is_a_small_part_of_a_page() -> None:
    busy = [(30.0 * n, sample(running=n % 9, tokens_per_second=n * 1.234)) for n in range(120)]
    assert sum(len(s.line) + len(s.area) for s in sparks(*reversed(busy)).values()) < 25_000


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[Box]:
    settings = Settings(
        data_dir=tmp_path / "data", hot={"embedded": False}, server={"names": ["box.test"]}
    )
    async with open_box(settings, lambda: ScriptedBackend(lambda _: f"A {WORDS}.")) as box:
        yield box


@pytest.fixture
async def admin(box: Box) -> AsyncIterator[AsyncClient]:
    async with browser(box, "me", AccountRole.ADMIN) as client:
        yield client


async def test_the_page_of_health_shows_it_without_a_script(box: Box, admin: AsyncClient) -> None:
    await box.admin.last_hour.take()
    page = (await admin.get("/admin/health")).text
    shown = re.findall(r'<svg class="spark".*?</dd>', page, re.S)
    assert len(shown) == 7
    for each in shown:
        assert 'aria-hidden="true"' in each and "<polyline" in each
        assert re.search(r'<span class="spark-now">[^<]+</span>', each)
    assert "style=" not in "".join(shown)


async def test_an_open_page_gets_the_newest_look(box: Box, admin: AsyncClient) -> None:
    await box.admin.last_hour.take()
    part = (await admin.get("/admin/health", headers={"HX-Request": "true"})).text
    assert part.startswith('<div id="health"') and part.count('class="spark"') == 7
