"""Readers that take nothing any more: a laptop that was shut, a program that hangs, or worse.

While they are there, uvicorn holds back what is for them at 64 kB, and whoever writes to them waits
alone. What nobody would do is let them go: neither uvicorn nor Litestar has a time limit for it, and
closing such a connection waits for the reader too. The kernel can: it knows what was taken, and cuts
without waiting.
"""

import socket

STALLED_SECONDS = 60.0


def cut_stalled_readers(listener: socket.socket, after_seconds: float = STALLED_SECONDS) -> None:
    """Connections that `listener` accepts end when there was something to take for so long and
    next to nothing was taken: less than its window of a few kB.
    """
    milliseconds = round(after_seconds * 1000)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
