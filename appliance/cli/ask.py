"""appliance ask: one answer in the terminal, without a server."""

import asyncio
import sys
from pathlib import Path

import click

from appliance import logs
from appliance.cli.serve import load_settings
from appliance.errors import EngineError
from appliance.settings import Settings


@click.command()
@click.argument("question", required=False)
@click.option("--model", help="Name of the model that answers; see `appliance model list`.")
@click.option("--max-tokens", type=click.IntRange(1, 100_000), help="Longest answer, in tokens.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="The same seed, the same answer.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML).")
def ask(
    question: str | None,
    model: str | None,
    max_tokens: int | None,
    seed: int | None,
    config: Path | None,
) -> None:
    """Answer QUESTION here, streaming; `-` or nothing reads standard input. Nothing is kept."""
    if question in (None, "-"):
        question = sys.stdin.read()
    settings = load_settings(config, model=model)
    logs.configure("error")
    given = {"max_tokens": max_tokens, "seed": seed}
    sampling = {name: value for name, value in given.items() if value is not None}
    asyncio.run(_answer(settings, question or "", sampling))


async def _answer(settings: Settings, question: str, sampling: dict[str, int]) -> None:
    from appliance.conversations.accepting import accepted_content
    from appliance.conversations.completions import Completions
    from appliance.engine.events import Delta, Ended
    from appliance.engine.sequence import FinishReason
    from appliance.engine_choice import chat_engine

    question = accepted_content(question, settings.limits.message_chars)
    engine = chat_engine(settings)
    generations = engine.generations
    await generations.start()
    try:
        await generations.wait_ready()
        completions = Completions(generations, engine.tokenizer, engine.profile, 1, engine.ahead)
        messages = [("system", settings.assistant.system_prompt), ("user", question)]
        await completions.count_ahead(messages)
        async with completions.begin("terminal", messages, sampling) as reply:
            async for event in reply:
                if isinstance(event, Delta):
                    click.echo(_printable(event.text), nl=False)
                    sys.stdout.flush()
                elif isinstance(event, Ended) and event.finish_reason is FinishReason.ERROR:
                    raise EngineError(event.error or "The model stopped in the middle.")
        click.echo()
    finally:
        await generations.stop()


def _printable(text: str) -> str:
    """A model's text may hold terminal control sequences; they are shown, not obeyed."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in text
    )
