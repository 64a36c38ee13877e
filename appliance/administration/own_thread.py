"""Long work beside the event loop that must not hold up the end of the box.

The loop waits for the threads of its pool when it ends. A trial of a model or the reading of a
large file may take minutes, so they get a thread that ends with the process; a trial's child ends
with it.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Answer = TypeVar("Answer")


async def on_own_thread(work: Callable[[], Answer], name: str) -> Answer:
    """What `work` returns or raises. Whoever is cancelled meanwhile leaves it to its fate."""
    answer: Future[Answer] = Future()
    # From now on a waiter that goes away does not cancel it: nobody would see what it raises then.
    answer.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer.set_result(work())
        except BaseException as error:  # the thread's border: the waiter gets it
            answer.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await asyncio.wrap_future(answer)
