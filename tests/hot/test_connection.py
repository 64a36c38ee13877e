import asyncio
import os
import signal

import pytest
from valkey import exceptions as valkey_errors

from appliance.errors import HotError, SettingsError
from appliance.hot.connection import Hot
from appliance.hot.recent_window import RecentWindow
from appliance.hot.token_stream import TokenStream


async def ping(client):
    return await client.ping()


async def test_a_call_answers(hot):
    assert await hot.call(ping)
    assert not hot.is_away


async def test_a_server_that_is_away_costs_one_try(server, clock, chain):
    messages = chain(2)
    hot = Hot(server.url, timeout_seconds=0.05, clock=clock)
    os.kill(server.pid, signal.SIGSTOP)  # It holds the socket and says nothing: the worst way.
    tries = 0

    async def ask(client):
        nonlocal tries
        tries += 1
        return await client.ping()

    for _ in range(100):
        with pytest.raises(HotError):
            await hot.call(ask)
    assert tries == 1
    assert hot.is_away
    window, stream = RecentWindow(hot), TokenStream(hot)
    await window.put(messages[0].conversation_id, messages[-1].message_id, messages)
    assert await window.get(messages[0].conversation_id, messages[-1].message_id) is None
    await stream.append("turn", [(0, "abc")])
    assert await stream.read("turn") == ""
    await hot.close()


async def test_a_killed_server_gives_misses_and_then_serves_again(server, hot, clock, chain):
    messages = chain(2)
    ids = messages[0].conversation_id, messages[-1].message_id
    window, stream = RecentWindow(hot), TokenStream(hot)
    await window.put(*ids, messages)
    killed = server.pid
    server.answers.clear()
    os.kill(killed, signal.SIGKILL)
    assert await window.get(*ids) is None
    async with asyncio.timeout(30):
        await server.answers.wait()
    assert server.pid != killed
    clock.pass_seconds(1)
    # What it held is gone, and the client's old connections are found to be dead.
    assert await window.get(*ids) is None
    await window.put(*ids, messages)
    assert await window.get(*ids) == tuple(messages)
    await stream.append("turn", [(0, "abc")])
    assert await stream.read("turn") == "abc"


async def test_a_refused_command_is_an_error_but_does_not_open_the_breaker(hot):
    for command in (
        ("FLUSHALL",),
        ("CONFIG", "GET", "*"),
        ("EVAL", "return 1", "0"),
        ("KEYS", "*"),
    ):

        async def ask(client, command=command):
            return await client.execute_command(*command)

        with pytest.raises(HotError):
            await hot.call(ask)
    assert await hot.call(ping)


async def test_a_cancelled_call_never_leaves_its_answer_to_the_next(server, clock):
    """On a connection that is used again, one person's words could answer another's question."""
    hot = Hot(server.url, timeout_seconds=1, clock=clock)

    async def fill(client):
        for number in range(8):
            await client.set(f"key {number}", f"value {number}", ex=60)

    async def two_answers(client):
        async with client.pipeline(transaction=False) as pipe:
            pipe.get("key 0")
            pipe.get("key 1")
            return await pipe.execute()

    await hot.call(fill)
    for steps in (0, 2, 4, 5, 6, 8, 12, 30):
        # A stopped server answers after the cancellation, whichever step that came at.
        os.kill(server.pid, signal.SIGSTOP)
        task = asyncio.create_task(hot.call(two_answers))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        os.kill(server.pid, signal.SIGCONT)
        for number in range(2, 8):
            answer = await hot.call(lambda client, number=number: client.get(f"key {number}"))
            assert answer == f"value {number}".encode()
    await hot.close()


async def test_more_callers_than_connections_wait_their_turn(hot):
    assert all(await asyncio.gather(*(hot.call(ping) for _ in range(200))))


async def test_a_call_that_hangs_ends_with_the_timeout(server, clock):
    hot = Hot(server.url, timeout_seconds=0.05, clock=clock)

    async def hang(client):
        await asyncio.Event().wait()

    with pytest.raises(HotError):
        await hot.call(hang)
    assert hot.is_away
    await hot.close()


async def test_without_a_url_every_call_fails_at_once():
    hot = Hot(None)
    assert hot.is_away
    with pytest.raises(HotError):
        await hot.call(ping)
    await hot.close()


async def test_nobody_at_the_address_is_a_hot_error(tmp_path, clock):
    hot = Hot(f"unix://{tmp_path}/nobody", clock=clock)
    with pytest.raises(HotError):
        await hot.call(ping)
    await hot.close()
    with pytest.raises(HotError):
        await hot.call(ping)


def test_a_wrong_address_is_said_to_be_the_settings_fault():
    with pytest.raises(SettingsError, match=r"hot\.url"):
        Hot("http://example.org")


async def test_the_text_of_a_valkey_error_goes_nowhere(hot, capsys):
    """It repeats the command, and so what a person wrote."""

    async def refused(client):
        raise valkey_errors.ResponseError("Command # 1 (SET x my secret words) failed")

    with pytest.raises(HotError) as caught:
        await hot.call(refused)
    assert "secret" not in str(caught.value) + capsys.readouterr().out
    assert caught.value.__cause__ is None
