from datetime import UTC, date

import pytest

from appliance.routes import local_time


@pytest.mark.parametrize("name", [None, "", "No/Where", "../etc/passwd", "/etc", "a\0b", "x" * 999])
def test_a_zone_that_is_none_is_utc(name):
    assert local_time.zone_named(name) is UTC


def test_clock_and_day_are_those_of_the_zone():
    seoul = local_time.zone_named("Asia/Seoul")
    at = 1_800_000_000  # 2027-01-15 08:00 UTC
    assert local_time.clock(at, UTC) == "08:00"
    assert local_time.clock(at, seoul) == "17:00"
    assert local_time.iso(at) == "2027-01-15T08:00:00Z"
    assert local_time.day_of(at + 8 * 3600, seoul) == date(2027, 1, 16)


def test_days_are_named_as_people_name_them():
    today = date(2027, 1, 15)
    assert local_time.day_words(today, today) == "Today"
    assert local_time.day_words(date(2027, 1, 14), today) == "Yesterday"
    assert local_time.day_words(date(2027, 1, 3), today) == "Sunday, 3 January"
    assert local_time.day_words(date(2026, 12, 31), today) == "Thursday, 31 December 2026"


def test_the_list_stands_under_three_headings():
    today = date(2027, 1, 15)
    assert local_time.group_words(today, today) == "Today"
    assert local_time.group_words(date(2027, 1, 9), today) == "This week"
    assert local_time.group_words(date(2027, 1, 8), today) == "Older"
