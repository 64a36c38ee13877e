"""Turns that another machine answers: what the reader gets, when it does well and when not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from conversation_steps import follow_to_end, say, wait_for_text
from remote.conftest import OpenRemote, OpenStub
from remote.stub_server import HEAD, Asked, event, said, stream, whole

from appliance.conversations.turn import TurnPhase, TurnSnapshot, TurnStatus
from appliance.engine.events import Ended
from appliance.engine.kv_snapshot_file import KEY_BYTES
from appliance.engine.kv_snapshots import KvSnapshots, SnapshotMeta
from appliance.engine.sequence import FinishReason, SamplingParams
from appliance.errors import EngineUnavailable, InvalidInput, PromptTooLong
from appliance.lifespan import Box
from appliance.remote import generations, reply


async def ask(box: Box, content: str = "Hello") -> TurnSnapshot:
    return (await follow_to_end(box, (await say(box, content)).turn.turn_id))[-1]


async def test_a_reply_comes_through_with_the_servers_own_counts(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(chat=said("Good", " day", "!"))
    box = await open_remote(stub.url)
    last = await ask(box, "Hello 안녕")
    assert (last.text, last.turn.status) == ("Good day!", TurnStatus.FINISHED)
    counts = last.turn.counts
    assert (counts.prompt_tokens, counts.completion_tokens, counts.cached_tokens) == (30, 3, 7)
    assert counts.ttft_ms is not None
    (body,) = stub.chats()
    assert body["messages"] == [
        {"role": "system", "content": "You are a helpful assistant."},
        {"role": "user", "content": "Hello 안녕"},
    ]
    assert body["model"] == "big-model"


async def test_the_page_is_told_who_answers(open_stub: OpenStub, open_remote: OpenRemote) -> None:
    stub = await open_stub()
    box = await open_remote(stub.url)
    await box.generations.wait_ready()
    status = box.desk.service.box_status()
    assert (status.state, status.answered_by) == ("ready", "127.0.0.1")
    assert status.model_name == "big-model"


async def test_only_what_somebody_chose_is_sent_of_the_sampling(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(chat=said("x"))
    box = await open_remote(stub.url)
    await ask(box)
    async with box.completions.begin(
        "me", [("user", "x")], {"temperature": 0.7, "top_k": 9, "stop": ("END",), "seed": 5}
    ) as generation:
        assert [event async for event in generation]
    plain, chosen = stub.chats()
    assert not {"temperature", "top_p", "top_k", "min_p", "repetition_penalty"} & plain.keys()
    assert (chosen["temperature"], chosen["top_k"], chosen["seed"]) == (0.7, 9, 5)
    assert chosen["stop"] == ["END"]


@pytest.mark.parametrize(
    ("pieces", "text", "sentence"),
    [
        ([event("Half a")], "Half a", "broke off in the middle"),
        ([event("Half a"), b"data: {nonsense}\n\n"], "Half a", "not as an OpenAI-compatible"),
        ([event("Half"), b'data: {"choices": "x"}\n\n'], "Half", "not as an OpenAI-compatible"),
        ([event("Half"), b'data: {"error": {"message": "CUDA died"}}\n\n'], "Half", "(CUDA died)"),
        ([event("Half a"), b"x" * 300_000], "Half a", "went on without end"),
        ([event("Half a"), b"data: [DONE]\n\n"], "Half a", "broke off in the middle"),
        ([], "", "broke off in the middle"),
    ],
)
async def test_a_reply_that_goes_wrong_is_failed_and_keeps_its_text(
    open_stub: OpenStub,
    open_remote: OpenRemote,
    pieces: list[bytes],
    text: str,
    sentence: str,
) -> None:
    stub = await open_stub(chat=stream(*pieces))
    box = await open_remote(stub.url)
    last = await ask(box)
    assert (last.turn.status, last.text) == (TurnStatus.FAILED, text)
    assert sentence in (last.turn.error or "")
    opened = await box.desk.service.open_conversation(box.person, last.turn.conversation_id)
    assert [message.content for message in opened.messages] == ["Hello", *([text] if text else [])]


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, {"error": {"message": "bad key"}}, "into engine.url_key"),
        (404, {"message": "no such model"}, "does not know what it was asked for (no such model)"),
        (429, {"error": "slow down"}, "Try again in a minute"),
        (400, {"error": {"message": "exceeds the context"}}, "(exceeds the context)"),
        (500, b"\xff\xfe", "failed with status 500. Look at its log"),
        (503, {"error": {"message": "Loading model"}}, "is loading its model"),
        (302, b"", "points to another address"),
        (200, {"choices": []}, "not as an OpenAI-compatible"),
    ],
)
async def test_a_refusal_ends_the_turn_with_what_to_do(
    open_stub: OpenStub, open_remote: OpenRemote, status: int, body: object, sentence: str
) -> None:
    stub = await open_stub(chat=whole(body, status, "Location: http://127.0.0.1:1/"))
    box = await open_remote(stub.url)
    last = await ask(box)
    assert last.turn.status is TurnStatus.FAILED
    assert sentence in (last.turn.error or "")


async def test_a_machine_that_went_away_ends_the_turn_and_the_next_one_is_answered_when_it_is_back(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(chat=said("Back."))
    box = await open_remote(stub.url)
    await box.generations.wait_ready()
    await stub.close()
    last = await ask(box)
    assert last.turn.status is TurnStatus.FAILED
    assert "See that it is switched on" in (last.turn.error or "")
    await stub.listen(stub.port)
    assert (await ask(box)).text == "Back."


async def test_an_endless_reply_is_cut_off(
    open_stub: OpenStub, open_remote: OpenRemote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reply, "_HEAD_BYTES", 1000)
    monkeypatch.setattr(reply, "_BYTES_A_TOKEN", 1)

    async def without_end(asked: Asked) -> AsyncIterator[bytes]:
        yield HEAD
        while True:
            yield event("on and ")

    stub = await open_stub(chat=without_end)
    box = await open_remote(stub.url)
    last = await ask(box)
    assert "went on without end" in (last.turn.error or "")
    assert last.text.startswith("on and on and")
    await stub.hung_up.wait()


@pytest.mark.parametrize("pieces", [[], [event("One")]], ids=["first", "next"])
async def test_a_machine_that_falls_silent_is_given_up(
    open_stub: OpenStub,
    open_remote: OpenRemote,
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[bytes],
) -> None:
    silence = reply.Silence(first=0.2, next=0.1)
    monkeypatch.setattr(generations, "Silence", lambda: silence)

    async def silent(asked: Asked) -> AsyncIterator[bytes]:
        for piece in (HEAD, *pieces):
            yield piece
        await asyncio.Event().wait()

    stub = await open_stub(chat=silent)
    box = await open_remote(stub.url)
    last = await ask(box)
    assert "said nothing for" in (last.turn.error or "")
    assert last.text == ("One" if pieces else "")


async def test_stop_hangs_up_and_keeps_the_text(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    async def slow(asked: Asked) -> AsyncIterator[bytes]:
        yield HEAD + event("Once upon")
        await asyncio.Event().wait()

    stub = await open_stub(chat=slow)
    box = await open_remote(stub.url)
    turn_id = (await say(box, "A story")).turn.turn_id
    await wait_for_text(box, turn_id, 4)
    await box.desk.service.stop_turn(box.person, turn_id)
    await stub.hung_up.wait()
    turn = await box.desk.service.find_turn(box.person, turn_id)
    assert turn.status is TurnStatus.CANCELLED
    assert box.generations.open_count == 0


async def test_at_most_as_many_replies_as_slots_run_at_once_and_the_others_know_their_place(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    gate = asyncio.Event()
    running, most = set(), []

    async def gated(asked: Asked) -> AsyncIterator[bytes]:
        running.add(id(asked))
        most.append(len(running))
        try:
            yield HEAD
            await gate.wait()
        finally:  # also when the box has let go of it
            running.remove(id(asked))
        yield event("Yes.") + event(finish_reason="stop") + b"data: [DONE]\n\n"

    stub = await open_stub(chat=gated)
    box = await open_remote(stub.url, slots=2)
    turns = [(await say(box, f"Question {number}")).turn.turn_id for number in range(4)]
    async for snapshot in box.desk.service.follow_turn(box.person, turns[3]):
        if snapshot.phase is TurnPhase.WAITING and snapshot.place == 2:
            break
    gate.set()
    for turn_id in turns:
        assert (await follow_to_end(box, turn_id))[-1].text == "Yes."
    assert max(most) <= 2


async def test_a_full_line_turns_the_next_one_away(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    async def never(asked: Asked) -> AsyncIterator[bytes]:
        yield HEAD
        await asyncio.Event().wait()

    stub = await open_stub(chat=never)
    box = await open_remote(stub.url, slots=1, waiting_limit=1)
    await box.generations.wait_ready()

    def begin() -> generations.Generation:
        prompt = box.engine.tokenizer.chat_tokens([("user", "x")])
        return box.generations.begin("me", prompt, SamplingParams())

    async with begin(), begin() as second, begin() as third:
        (ended,) = [event async for event in third if isinstance(event, Ended)]
        assert ended.finish_reason is FinishReason.ERROR
        assert "1 questions are waiting already" in (ended.error or "")
        second.cancel()
        (ended,) = [event async for event in second if isinstance(event, Ended)]
        assert ended.finish_reason is FinishReason.CANCELLED


async def test_a_prompt_to_be_read_ahead_of_time_is_not_sent(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub()
    box = await open_remote(stub.url)
    await box.generations.wait_ready()
    prompt = box.engine.tokenizer.chat_tokens([("user", "x")])
    async with box.generations.begin("me", prompt, SamplingParams(max_tokens=0)) as generation:
        (ended,) = [event async for event in generation]
    assert ended.finish_reason is FinishReason.LENGTH
    assert stub.chats() == []


async def test_nothing_of_a_model_of_its_own_is_left_on_disk(
    open_stub: OpenStub, open_remote: OpenRemote, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "kv"
    folder.mkdir(parents=True, mode=0o700)
    before = KvSnapshots(folder, bytes(KEY_BYTES), 10_000_000)
    before.start()
    before.save(SnapshotMeta("model", "me", "conversation", 0, [1, 2, 3]), b"state" * 100)
    before.close(10)
    assert list(folder.iterdir())
    stub = await open_stub()
    await open_remote(stub.url)
    assert not list(folder.iterdir())


async def test_a_grammar_is_refused_in_words(open_stub: OpenStub, open_remote: OpenRemote) -> None:
    stub = await open_stub()
    box = await open_remote(stub.url)
    await box.generations.wait_ready()
    prompt = box.engine.tokenizer.chat_tokens([("user", "x")])

    with pytest.raises(InvalidInput, match=r"prescribed form are not supported while 127\."):
        box.generations.begin("me", prompt, SamplingParams(grammar='root ::= "yes"'))


async def test_programs_are_told_that_it_is_away(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(models=whole({}, 401))
    box = await open_remote(stub.url)
    with pytest.raises(EngineUnavailable, match=r"engine.url_key"):
        await box.generations.wait_ready()
    with pytest.raises(EngineUnavailable, match=r"engine.url_key"):
        box.completions.begin("me", [("user", "x")], {})


async def test_a_message_is_counted_by_the_server_where_it_can(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    async def tokenize(asked: Asked) -> AsyncIterator[bytes]:
        async for piece in whole({"count": len(asked.body["prompt"].split())})(asked):
            yield piece

    stub = await open_stub(tokenize=tokenize, chat=said("x"))
    box = await open_remote(stub.url, url_context_tokens=512)
    long = "word " * 300
    last = await ask(box, long)
    assert last.turn.status is TurnStatus.FINISHED
    record = last.turn.prompt_record
    assert record["token_counts"] == "server"
    assert record["sent_to"] == "127.0.0.1"
    with pytest.raises(PromptTooLong, match=r"has 5\d\d tokens"):
        await say(box, "word " * 501)


async def test_where_nobody_counts_the_record_says_that_it_was_estimated(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(chat=said("x"))
    box = await open_remote(stub.url)
    last = await ask(box)
    assert last.turn.prompt_record["token_counts"] == "estimate"
    tries = [asked for asked in stub.asked if asked.path == "/tokenize"]
    await ask(box)
    again = [asked for asked in stub.asked if asked.path == "/tokenize"]
    assert len(tries) == len(again), "a server that cannot is not asked for every message"


@pytest.mark.parametrize(
    "body", [{"count": -1}, {"count": 10**12}, {"tokens": "x"}, {"tokens": []}, b"garbage"]
)
async def test_counts_that_cannot_be_are_not_believed(
    open_stub: OpenStub, open_remote: OpenRemote, body: object
) -> None:
    stub = await open_stub(chat=said("x"), tokenize=whole(body))
    box = await open_remote(stub.url)
    last = await ask(box)
    assert last.turn.status is TurnStatus.FINISHED
    assert last.turn.prompt_record["token_counts"] == "estimate"


async def test_a_reply_goes_on_after_a_restart_where_the_server_can(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    async def broken(asked: Asked) -> AsyncIterator[bytes]:
        yield HEAD + event("Once upon a time there ")
        await asyncio.Event().wait()

    stub = await open_stub(chat=broken)
    box = await open_remote(stub.url)
    turn_id = (await say(box, "A story")).turn.turn_id
    await wait_for_text(box, turn_id, 20)
    await open_remote.close_last()  # type: ignore[attr-defined]
    # Some versions of llama-server say again what they were given.
    stub.answers["/v1/chat/completions"] = said("Once upon a time there was", " a fox.")
    box = await open_remote(stub.url)
    assert (await follow_to_end(box, turn_id))[-1].text == "Once upon a time there was a fox."
    body = stub.chats()[-1]
    assert body["messages"][-1] == {"role": "assistant", "content": "Once upon a time there "}
    assert body["continue_final_message"] is True
    assert body["add_generation_prompt"] is False


async def test_a_reply_that_nobody_can_go_on_with_is_never_begun_again_silently(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    async def broken(asked: Asked) -> AsyncIterator[bytes]:
        yield HEAD + event("Once upon a time there ")
        await asyncio.Event().wait()

    stub = await open_stub(chat=broken, models=whole({"data": [{"id": "m", "owned_by": "me"}]}))
    box = await open_remote(stub.url)
    turn_id = (await say(box, "A story")).turn.turn_id
    await wait_for_text(box, turn_id, 20)
    await open_remote.close_last()  # type: ignore[attr-defined]
    box = await open_remote(stub.url)
    last = (await follow_to_end(box, turn_id))[-1]
    assert (last.turn.status, last.text) == (TurnStatus.FAILED, "Once upon a time there ")
    assert "Retry asks it again" in (last.turn.error or "")
    assert len(stub.chats()) == 1


async def test_the_other_machine_is_asked_to_keep_nothing_of_a_temporary_conversation(
    open_stub: OpenStub, open_remote: OpenRemote
) -> None:
    stub = await open_stub(chat=said("x"))
    box = await open_remote(stub.url)
    await ask(box)
    await ask(replace(box, desk=box.temporary.desk))
    assert [body.get("store") for body in stub.chats()] == [None, False]
