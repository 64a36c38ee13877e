"""What SQLite says, in our own errors. Used by `database.write()` and `database.read()` only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pysqlite3 import dbapi2 as sqlite

from appliance.errors import ApplianceError, InvalidInput, StoreError, StoreFull
from appliance.sentences import say

FULL = 13
# Growing the WAL index on a full disk does not say FULL but this.
IOERR_SHMSIZE = 4874
READONLY, CANTOPEN, CORRUPT, NOTADB, BUSY = 8, 14, 11, 26, 5
IOERR = 10

DISK_FULL = say("The disk is full and nothing was written; free some space and try again.")

Refusal = Callable[[], ApplianceError | None]
"""Says why a function of ours, which SQLite called, raised something; SQLite itself does not."""


def primary_code(error: sqlite.Error) -> int:
    """SQLite's primary result code (0 when the error did not come from SQLite itself)."""
    code: int = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF


def as_store_error(error: BaseException | None, full: str = DISK_FULL) -> StoreError:
    """A fresh error each call: one object raised in many tasks would mix their tracebacks.

    `full` is what to say when there is no room.
    """
    if isinstance(error, StoreError):
        return type(error)(*error.args)
    if _says_full(error):
        return StoreFull(full)
    if isinstance(error, sqlite.Error) and primary_code(error) in (IOERR, READONLY):
        # A disk that fails is often made read-only by the system, to save what is on it.
        return StoreError(
            say(
                "The disk of the box failed (%(reason)s) and nothing was written; see to the disk, "
                "then try again.",
                reason=str(error),
            )
        )
    return StoreError(
        say(
            "The database could not do this (%(reason)s); see the log and try again.",
            reason=str(error),
        )
    )


def no_refusal() -> None:
    """None of our functions refuses anything."""


@contextmanager
def our_errors(full: str = DISK_FULL, refusal: Refusal = no_refusal) -> Iterator[None]:
    """Turns what SQLite raises inside the block into StoreFull, StoreError or InvalidInput, or into
    what a function of ours raised.
    """
    try:
        yield
    except sqlite.Error as error:
        is_ours = "user-defined function" in str(error)
        raise (is_ours and refusal()) or as_store_error(error, full) from error
    except UnicodeEncodeError as error:
        # Half of a surrogate pair has no UTF-8 form, so there is nothing that could be stored.
        raise InvalidInput(
            say(
                "The text holds a broken character (a lone surrogate); remove it and send it again."
            )
        ) from error


def _says_full(error: BaseException | None) -> bool:
    if not isinstance(error, sqlite.Error):
        return False
    return primary_code(error) == FULL or error.sqlite_errorcode == IOERR_SHMSIZE
