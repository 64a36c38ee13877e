"""What waits for a few minutes."""

from appliance.accounts.brief import MOST, MOST_OF_ONE, Brief


def test_it_is_taken_once_and_not_after_its_time() -> None:
    now = [0.0]
    gone: list[str] = []
    brief: Brief[str] = Brief(300, lambda: now[0], gone.append)
    key = brief.put("Ann", "first")
    assert brief.look(key) == "first" and brief.take(key) == "first" and brief.take(key) is None
    late = brief.put("Ann", "second")
    now[0] = 300
    assert brief.take(late) is None and gone == ["second"]


def test_nobody_pushes_out_what_others_have_begun() -> None:
    brief: Brief[int] = Brief()
    anns = brief.put("Ann", 0)
    bens = [brief.put("Ben", number) for number in range(MOST_OF_ONE + 5)]
    assert brief.look(anns) == 0
    assert [brief.look(key) for key in bens[:6]] == [None] * 5 + [5]
    assert brief.of("Ben") == MOST_OF_ONE + 4


def test_there_are_never_very_many() -> None:
    brief: Brief[int] = Brief()
    keys = [brief.put(number, number) for number in range(MOST + 3)]
    assert [brief.look(key) for key in keys[:4]] == [None] * 3 + [3]
    brief.forget(MOST)
    assert brief.look(keys[MOST]) is None
