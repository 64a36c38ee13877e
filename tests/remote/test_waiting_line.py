"""Who is sent next."""

from appliance.engine.sequence import Priority, SamplingParams
from appliance.remote.prompt import RemotePrompt
from appliance.remote.waiting_line import Request, WaitingLine


def request(name: str, owner: str, priority: Priority = Priority.NORMAL) -> Request:
    return Request(name, owner, RemotePrompt((), "", 1, False), SamplingParams(), priority, 0.0)


def taken(line: WaitingLine) -> str:
    names = []
    while (next_one := line.take_next()) is not None:
        names.append(next_one.request_id)
    return " ".join(names)


def test_no_more_run_at_once_than_there_are_slots() -> None:
    line = WaitingLine(2)
    requests = [request(name, name) for name in "abc"]
    for each in requests:
        line.add(each)
    assert taken(line) == "a b"
    line.remove(requests[0])
    assert taken(line) == "c"


def test_people_take_turns_however_much_one_of_them_asks() -> None:
    line = WaitingLine(1)
    first = request("a1", "ann")
    for each in (first, request("a2", "ann"), request("a3", "ann"), request("b1", "ben")):
        line.add(each)
    assert taken(line) == "a1"
    assert [each.request_id for each in line.in_order()] == ["b1", "a2", "a3"]


def test_what_nobody_waits_for_comes_last() -> None:
    line = WaitingLine(3)
    for each in (request("s", "ann", Priority.BACKGROUND), request("b", "ben")):
        line.add(each)
    assert taken(line) == "b s"


def test_one_that_leaves_the_line_says_whether_it_still_waited() -> None:
    line = WaitingLine(1)
    running, waiting = request("a", "ann"), request("b", "ben")
    line.add(running)
    line.add(waiting)
    assert taken(line) == "a"
    assert line.remove(waiting)
    assert not line.remove(running)
    assert len(line) == 0
