"""What a scenario is: a few words, and a function from one running server to named figures."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from benchmark.client import ChatClient, Message, Reply
from benchmark.owner import move_in, setup_path
from benchmark.servers import OURS, Server


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is asked for. The quick ones only show that everything works."""

    reply_tokens: int
    long_reply_tokens: int
    turns: int
    interleaved: int
    opening_tokens: int
    rewritten_tokens: int
    neighbour_tokens: tuple[int, int]
    remembered: int
    people: int
    sentences: int
    chunks: tuple[int, ...]
    questions: int
    indexed: int
    pages: int
    asked_pages: int


FULL = Sizes(
    reply_tokens=96,
    long_reply_tokens=600,
    turns=6,
    interleaved=24,
    opening_tokens=200,
    rewritten_tokens=600,
    neighbour_tokens=(1000, 4000),
    remembered=100,
    people=50,
    sentences=1000,
    chunks=(100_000, 500_000),
    questions=200,
    indexed=200,
    pages=300,
    asked_pages=30,
)
QUICK = Sizes(
    reply_tokens=16,
    long_reply_tokens=200,
    turns=3,
    interleaved=4,
    opening_tokens=60,
    rewritten_tokens=80,
    neighbour_tokens=(200, 500),
    remembered=6,
    people=4,
    sentences=40,
    chunks=(400, 800),
    questions=20,
    indexed=20,
    pages=12,
    asked_pages=4,
)


class Target:
    """One server and a client of it."""

    def __init__(self, server: Server, sizes: Sizes) -> None:
        self.server = server
        self.sizes = sizes
        self.client = ChatClient(server.url)
        self.is_ours = server.launch.name == OURS
        self.cookies: dict[str, str] = {}
        """By which our page knows its owner."""

    async def begin(self) -> None:
        """Start the server for the first time, and become its owner where it has one."""
        await self.server.start()
        if self.is_ours:
            owner = await move_in(self.server.url, setup_path(self.server.said()))
            self.client.key, self.cookies = owner.key, owner.cookies

    async def chat(self, messages: list[Message], max_tokens: int, **sampling: float) -> Reply:
        return await self.client.chat(messages, max_tokens, None, **sampling)

    async def close(self) -> None:
        await self.client.close()
        self.server.stop()


@dataclass(frozen=True, slots=True)
class Scenario:
    """`run` names every figure with its unit and raises ScenarioFailed when it cannot be had."""

    name: str
    about: str
    run: Callable[[Target], Awaitable[dict[str, float]]]
    starts_itself: bool = False
    """It finds a server that has run once and is stopped; otherwise one that has answered."""
    peer_flags: tuple[str, ...] = ()
    """What llama-server needs on top to be at its best here."""
