"""What a database file holds, seen by somebody who finds it after a fault and knows SQLite only."""

import shutil
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

FILE = "appliance.sqlite3"
PARTS = (FILE, f"{FILE}-wal", f"{FILE}-journal")
"""The database and the two files that belong to it whenever they are there."""

_MESSAGES = "SELECT client_message_id, content FROM messages WHERE client_message_id IS NOT NULL"
_TURNS = """
SELECT t.turn_id, asked.client_message_id, asked.content, asked.parent_key IS NULL,
       t.status, t.checkpoint, t.error, reply.content,
       (SELECT count(*) FROM messages other WHERE other.parent_key = t.input_message_key)
FROM turns t JOIN messages asked ON asked.message_key = t.input_message_key
LEFT JOIN messages reply ON reply.message_key = t.reply_message_key
"""


@dataclass(frozen=True, slots=True)
class KeptTurn:
    """One turn as it stands in the file."""

    turn_id: str
    client_message_id: str
    asked: str
    is_first: bool
    status: str
    checkpoint: str
    error: str | None
    reply: str | None
    replies: int
    """How many messages hang under the one it answers."""

    @property
    def is_open(self) -> bool:
        return self.status in ("waiting", "running")


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything that matters of one file."""

    damage: str
    """What `integrity_check` says; empty when it says ok."""
    messages: Counter[tuple[str, str]]
    """How often each message (its client_message_id and content) is there."""
    turns: dict[str, KeptTurn]


NOTHING = Kept("", Counter(), {})


def copy_of(data_dir: Path, folder: Path) -> Path:
    """The files as they are now, elsewhere: looking at them must not change what is found."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in PARTS:
        if (data_dir / name).exists():
            shutil.copy(data_dir / name, folder / name)
    return folder


def look_into(folder: Path) -> Kept:
    """Recovers the database as the next start would, and reads it."""
    if not (folder / FILE).exists():
        return NOTHING
    try:
        with closing(sqlite.connect(str(folder / FILE))) as database:
            # Alone, so that the index of the WAL is kept in memory and nothing is shared.
            database.execute("PRAGMA locking_mode=EXCLUSIVE")
            return _read(database)
    except sqlite.DatabaseError as error:
        return Kept(str(error), Counter(), {})


def _read(database: sqlite.Connection) -> Kept:
    ((checked,),) = database.execute("PRAGMA integrity_check(1)").fetchall()
    if checked != "ok":
        return Kept(checked, Counter(), {})
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master").fetchall()}
    if not {"messages", "turns"} <= tables:
        return NOTHING
    turns = [KeptTurn(*row) for row in database.execute(_TURNS).fetchall()]
    return Kept(
        "",
        Counter(database.execute(_MESSAGES).fetchall()),
        {turn.turn_id: turn for turn in turns},
    )
