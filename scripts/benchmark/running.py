"""Runs scenarios: ours, theirs, ours, theirs; each time with a server that was just started."""

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmark import texts
from benchmark.errors import ScenarioFailed, ServerFailed
from benchmark.figures import Run
from benchmark.machine import busy_fraction
from benchmark.scenario import Scenario, Sizes, Target
from benchmark.servers import Launch, Server

_LIMIT_SECONDS = 300


@dataclass(slots=True)
class Outcome:
    """All runs of one scenario; those at one index were made right after each other."""

    scenario: Scenario
    ours: list[Run] = field(default_factory=list)
    theirs: list[Run] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    """How busy the machine was before each pair, while neither server ran."""


def run_all(
    scenarios: Iterable[Scenario],
    ours: Launch,
    theirs: Launch,
    sizes: Sizes,
    pairs: int,
    say: Callable[[str], None],
) -> list[Outcome]:
    """Every scenario, `pairs` times on each side."""
    outcomes = []
    for scenario in scenarios:
        outcome = Outcome(scenario)
        outcomes.append(outcome)
        peer = theirs.with_flags(*scenario.peer_flags)
        for pair in range(pairs):
            outcome.busy.append(busy_fraction())
            for launch, runs in ((ours, outcome.ours), (peer, outcome.theirs)):
                run = asyncio.run(run_once(scenario, launch, sizes))
                runs.append(run)
                say(f"{scenario.name} {pair + 1}/{pairs}, {launch.name}: {_shown(run)}")
    return outcomes


async def run_once(scenario: Scenario, launch: Launch, sizes: Sizes) -> Run:
    """One scenario on one side; what went wrong becomes the reason for no figures."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        target = Target(Server(launch, Path(folder)), sizes)
        try:
            async with asyncio.timeout(_LIMIT_SECONDS):
                await target.begin()
                if scenario.starts_itself:
                    target.server.stop()
                else:
                    await target.chat(texts.warm_up(), 8)
                return Run(await scenario.run(target))
        except TimeoutError:
            return Run(failure=f"it took longer than {_LIMIT_SECONDS} s")
        except (ScenarioFailed, ServerFailed) as error:
            return Run(failure=_reason(error, target.server))
        finally:
            await target.close()


def _reason(error: Exception, server: Server) -> str:
    if server.has_ended:
        return f"{error}; the server had ended by itself:\n{server.last_words()}"
    return str(error)


def _shown(run: Run) -> str:
    if run.failure:
        return f"no figures, because {run.failure}"
    return ", ".join(f"{name} {value:.4g}" for name, value in run.figures.items())
