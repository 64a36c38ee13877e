import asyncio

import pytest

from appliance.routes.snapshots import paced


class Source:
    """Says what it is told, and knows how it was left."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue = asyncio.Queue()
        self.closed = asyncio.Event()

    async def snapshots(self):
        try:
            while (said := await self.queue.get()) is not None:
                yield said
        finally:
            self.closed.set()


async def test_it_ends_with_its_source():
    source = Source()
    for said in ("a", "b", None):
        source.queue.put_nowait(said)
    assert [s async for s in paced(source.snapshots(), update_seconds=0)][-1] == "b"
    assert source.closed.is_set()


async def test_what_was_overtaken_is_left_out():
    source = Source()
    paces = paced(source.snapshots(), update_seconds=0.01)
    source.queue.put_nowait("a")
    assert await anext(paces) == "a"
    for said in ("b", "c", "d", None):
        source.queue.put_nowait(said)
    assert [s async for s in paces] == ["d"]


async def test_silence_is_told_and_loses_nothing():
    source = Source()
    paces = paced(source.snapshots(), update_seconds=0, ping_seconds=0.01)
    assert await anext(paces) is None
    assert await anext(paces) is None
    source.queue.put_nowait("a")
    assert [s async for s in _until(paces, "a")] == ["a"]
    await paces.aclose()


async def test_a_reader_that_leaves_closes_the_source():
    source = Source()
    paces = paced(source.snapshots(), update_seconds=0)
    source.queue.put_nowait("a")
    assert await anext(paces) == "a"
    await paces.aclose()
    await source.closed.wait()


async def test_a_reader_cancelled_while_waiting_closes_the_source():
    source = Source()

    async def read() -> None:
        async for _ in paced(source.snapshots()):
            pass

    reader = asyncio.ensure_future(read())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await source.closed.wait()


async def test_an_error_of_the_source_reaches_the_reader():
    async def broken():
        raise ValueError("away")
        yield

    with pytest.raises(ValueError, match="away"):
        await anext(paced(broken()))


async def _until(paces, last):
    async for said in paces:
        if said is not None:
            yield said
        if said == last:
            return
