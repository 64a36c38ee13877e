"""All scenarios, in the order in which they run."""

from benchmark import disturbing, footprint, opening, returning, writing
from benchmark.scenario import Scenario

CHATS = (1, 4, 8, 16)

SCENARIOS = (
    Scenario(
        "start",
        "from the command to the first word of a first reply",
        footprint.start,
        starts_itself=True,
    ),
    *(
        Scenario(
            f"chats-{count}",
            f"{count} new chats at once, with one system prompt",
            writing.new_chats(count),
        )
        for count in CHATS
    ),
    Scenario("conversation", "one conversation, its later turns", returning.conversation),
    Scenario(
        "interleaved",
        "the second turns of many conversations, more than there are slots",
        returning.interleaved,
    ),
    Scenario(
        "interleaved-restart",
        "the same, after both servers were started anew",
        returning.interleaved_with_restart,
    ),
    Scenario(
        "opened-first",
        "the first word after a restart and a long history, the page being open for 5 s",
        opening.opened_first,
    ),
    Scenario(
        "neighbour-1000",
        "a running reply while a neighbour sends 1,000 tokens",
        disturbing.long_neighbour(0),
    ),
    Scenario(
        "neighbour-4000",
        "a running reply while a neighbour sends 4,000 tokens",
        disturbing.long_neighbour(1),
    ),
    Scenario("stop", "the client hangs up: until the processor is idle", disturbing.stop),
    Scenario("busy-core", "one chat beside a busy process", writing.beside_a_busy_core),
    Scenario("rewrite", "one chat repeats a long text", writing.rewrite),
    Scenario(
        "rewrite-lookup",
        "the same, and llama-server may look words up in what it was given",
        writing.rewrite,
        peer_flags=("--spec-type", "ngram-simple"),
    ),
    Scenario("memory", "memory when idle, and after 100 conversations", footprint.memory),
)
