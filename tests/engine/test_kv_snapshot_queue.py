from array import array
from concurrent.futures import Future

from appliance.engine.kv_snapshot_file import SnapshotHeader
from appliance.engine.kv_snapshot_index import SnapshotEntry
from appliance.engine.kv_snapshot_queue import Load, Save, SnapshotQueue


def a_save(tokens: list[int], tag: str = "t") -> Save:
    header = SnapshotHeader("a", "ann", tag, 0, array("i", tokens), 10)
    return Save(header, memoryview(bytes(10)))


def a_load() -> Load:
    return Load(SnapshotEntry("name", a_save([1]).header, 10), Future())


def test_loads_go_before_saves_and_each_kind_in_its_order() -> None:
    queue = SnapshotQueue(100)
    jobs = a_save([1]), a_load(), a_save([1], "u"), a_load()
    for job in jobs:
        assert queue.put_load(job) if isinstance(job, Load) else queue.put_save(job)
    taken = []
    for _ in jobs:
        taken.append(queue.next())
        queue.done()
    assert taken == [jobs[1], jobs[3], jobs[0], jobs[2]]
    assert queue.wait_idle(0)


def test_the_same_state_is_not_queued_twice_nor_while_it_is_written() -> None:
    queue = SnapshotQueue(100)
    for _ in range(3):
        assert queue.put_save(a_save([1]))
    assert queue.next()
    assert queue.put_save(a_save([1]))
    queue.done()
    assert queue.wait_idle(0)


def test_a_state_that_does_not_fit_leaves_the_one_it_would_replace() -> None:
    queue = SnapshotQueue(20)
    first, other = a_save([1]), a_save([1], "u")
    assert queue.put_save(first) and queue.put_save(other)
    large = a_save([1, 2])
    large.state = memoryview(bytes(11))
    assert not queue.put_save(large)
    assert (queue.next(), queue.next()) == (first, other)


def test_a_closed_queue_takes_nothing_and_answers_who_waits() -> None:
    queue = SnapshotQueue(100)
    waiting = a_load()
    assert queue.put_load(waiting) and queue.put_save(a_save([1]))
    queue.close()
    assert waiting.answer.result(0) is None
    assert queue.next() is None
    assert not queue.put_load(a_load())
    assert not queue.put_save(a_save([2]))
