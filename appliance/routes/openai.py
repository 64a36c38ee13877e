"""/v1: the OpenAI-compatible API.

Whoever reaches this machine's own address may call it, until accounts exist.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from appliance.accounts.account import SignedIn
from appliance.accounts.usage import Usage
from appliance.conversations.completions import Completions
from appliance.conversations.generation import Generation
from appliance.engine.events import Delta, Ended
from appliance.engine.sequence import FinishReason
from appliance.errors import EngineError, InvalidInput, NotFound
from appliance.routes.openai_wire import Answer, ChatRequest, model_entry, model_list

FOR_KEYS = {"scope": "chat", "keys_only": True}


@post("/v1/chat/completions", status_code=200, opt={**FOR_KEYS, "asks_model": True})
async def chat_completions(
    request: Request[Any, Any, Any],
    completions: NamedDependency[Completions],
    usage: NamedDependency[Usage],
    signed_in: NamedDependency[SignedIn],
) -> Response[Any]:
    """One reply to a list of messages, streamed or whole."""
    chat = _decode(await request.body())
    if chat.model not in (completions.model_name, "default"):
        raise _unknown_model(chat.model, completions)
    messages = chat.pairs()
    sampling = await asyncio.to_thread(chat.sampling) if chat.is_constrained else chat.sampling()
    await completions.count_ahead(messages)
    person, may_keep = signed_in.person, chat.store is not False
    count = partial(usage.count, person, key_id=signed_in.key_id or "")
    start = completions.prepare(
        person.person_id, messages, sampling, may_keep=may_keep, count=count
    )
    answer = Answer(completions.model_name)
    if chat.stream:
        include_usage = chat.stream_options is not None and chat.stream_options.include_usage
        return ServerSentEvent(_chunks(start, answer, include_usage))
    return Response(await _whole(request, start(), answer))


@get("/v1/models", sync_to_thread=False, opt=FOR_KEYS)
def models(completions: NamedDependency[Completions]) -> dict[str, Any]:
    """The one model that is loaded."""
    return model_list(completions.model_name, completions.started_at)


@get("/v1/models/{name:str}", sync_to_thread=False, opt=FOR_KEYS)
def model(completions: NamedDependency[Completions], name: FromPath[str]) -> dict[str, Any]:
    """The same by its name."""
    if name != completions.model_name:
        raise _unknown_model(name, completions)
    return model_entry(name, completions.started_at)


def _unknown_model(name: str, completions: Completions) -> NotFound:
    return NotFound(f"There is no model `{name}` here. This box runs `{completions.model_name}`.")


def _decode(body: bytes) -> ChatRequest:
    try:
        return msgspec.json.decode(body, type=ChatRequest)
    except RecursionError as error:
        raise InvalidInput("The request body is nested too deeply to be read.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"The request body cannot be read: {error}.") from error


async def _chunks(
    start: Callable[[], Generation], answer: Answer, include_usage: bool
) -> AsyncIterator[str]:
    """Chunks as the reply grows.

    Litestar ends this iterator when the client goes; that cancels the sequence. It is started in
    here, because an iterator that nobody ever began to read cannot end anything.
    """
    try:
        generation = start()
    except EngineError as error:
        yield _json({"error": {"message": str(error), "type": "server_error"}})
        return
    async with generation:
        yield _json(answer.chunk({"role": "assistant", "content": ""}))
        async for event in generation:
            match event:
                case Delta(_, text):
                    yield _json(answer.chunk({"content": text}))
                case Ended() if event.finish_reason is FinishReason.ERROR:
                    yield _json({"error": {"message": event.error, "type": "server_error"}})
                case Ended():
                    yield _json(answer.chunk({}, _reason(event)))
                    if include_usage:
                        yield _json(answer.usage_chunk(event.counts))
    yield "[DONE]"


async def _whole(
    request: Request[Any, Any, Any], generation: Generation, answer: Answer
) -> dict[str, Any]:
    """The reply in one piece; a client that hangs up frees its slot."""
    async with generation:
        reading = asyncio.create_task(_read_all(generation))
        leaving = asyncio.create_task(_client_left(request))
        await asyncio.wait({reading, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not reading.done():
            reading.cancel()
            raise InvalidInput("The client went away before the reply was whole.")
        text, ended = reading.result()
    if ended.finish_reason is FinishReason.ERROR:
        raise EngineError(ended.error or "The model stopped in the middle of this reply.")
    return answer.whole(text, _reason(ended), ended.counts)


async def _read_all(generation: Generation) -> tuple[str, Ended]:
    pieces: list[str] = []
    async for event in generation:
        if isinstance(event, Delta):
            pieces.append(event.text)
        elif isinstance(event, Ended):
            return "".join(pieces), event
    raise AssertionError("a generation ends with Ended")


async def _client_left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _reason(ended: Ended) -> str:
    """Clients know stop and length; whoever cancelled is not there to read it."""
    return "length" if ended.finish_reason is FinishReason.LENGTH else "stop"


def _json(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()
