"""Readers that take nothing any more: a laptop that was shut, a program that hangs, or worse.

What is for them is held back at 64 kB by uvicorn, and whoever writes to them waits alone. But
nobody lets them go: neither uvicorn nor Litestar has a time limit for it, and closing such a
connection waits for its reader too. The kernel can: it knows what was taken, and cuts
without waiting.
"""

import socket

STALLED_SECONDS = 60.0


def cut_stalled_readers(listener: socket.socket, after_seconds: float = STALLED_SECONDS) -> None:
    """Connections that `listener` accepts end when there was something to take for so long and
    next to nothing was taken: less than the few kB by which a window opens again.
    """
    milliseconds = round(after_seconds * 1000)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
