"""A few secret bytes in a page of their own, which is neither swapped to the disk nor dumped.

As well as Python can: whoever passes the bytes in has had a copy, and a library that computes with
them may have one for that moment.
"""

import ctypes
import mmap
from contextlib import suppress

_libc = ctypes.CDLL(None, use_errno=True)


class LockedBytes:
    """Until `wipe`, which leaves noughts. A system that locks no memory is no obstacle."""

    def __init__(self, secret: bytes | bytearray) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        first = ctypes.c_char.from_buffer(self._page)
        # Refused where nobody may lock memory: the key is no worse off than all the rest then.
        _libc.mlock(ctypes.c_void_p(ctypes.addressof(first)), ctypes.c_size_t(mmap.PAGESIZE))
        del first
        with suppress(OSError, AttributeError):
            self._page.madvise(mmap.MADV_DONTDUMP)
        self._page[: len(secret)] = bytes(secret)
        self.view = memoryview(self._page)[: len(secret)]

    @property
    def is_wiped(self) -> bool:
        return self._page.closed

    def wipe(self) -> None:
        """Nobody may be reading just now. Harmless when it was done."""
        if not self.is_wiped:
            self.view[:] = bytes(len(self.view))
            self.view.release()
            self._page.close()
