"""The data directory of a box in which something was said, with a document and a certificate."""

import asyncio
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import kept_conversations
from pysqlite3 import dbapi2 as sqlite
from signed_in import prepare

from appliance.network.authority import make_authority
from appliance.network.tls_folder import TlsFolder
from appliance.store import people
from appliance.store.database import Database

DOCUMENT_ID = "d" * 32
WORDS = "The heron stood in the reeds until it was dark."
FILES = {f"documents/{DOCUMENT_ID}": b"%PDF a handbook" * 500, "page.key": b"ab" * 32}
TLS = ("tls/authority.key", "tls/authority.pem")


def stock(data_dir: Path, *texts: str) -> Path:
    """Make it, or say something more in it."""
    prepare(data_dir)

    async def run() -> None:
        database = await Database.open(data_dir / "appliance.sqlite3")
        try:
            async with database.write() as tx:
                person = await people.local_person(tx)
                await kept_conversations.add(tx, person, "Birds", *(texts or (WORDS, "I see.")))
                await tx.execute(
                    "INSERT OR IGNORE INTO documents (document_id, person_key, name, created_at, "
                    "state) VALUES (?, ?, 'handbook.pdf', 0, 'ready')",
                    (DOCUMENT_ID, person.person_key),
                )
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, run()).result()
    for name, content in FILES.items():
        path = data_dir / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            path.write_bytes(content)
            path.chmod(0o600)
    if not TlsFolder(data_dir).is_there:
        TlsFolder(data_dir).keep_authority(make_authority("box", [], datetime.now(UTC)))
    return data_dir


def dump(path: Path, *, but: Iterable[str] = ()) -> str:
    """A checksum of all that the database says, whatever its pages look like; `but` names tables
    that do not count.
    """
    with closing(sqlite.connect(f"file:{path}?mode=ro", uri=True)) as database:
        digest = hashlib.sha256()
        for (table,) in database.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        ).fetchall():
            if table not in but and "_vectors_" not in table:
                digest.update(table.encode())
                for row in database.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall():
                    digest.update(repr(row).encode())
        return digest.hexdigest()


def files_of(data_dir: Path) -> dict[str, bytes]:
    """What is to be in a backup beside the database."""
    names = (name for name in (*FILES, *TLS) if (data_dir / name).exists())
    return {name: (data_dir / name).read_bytes() for name in names}


def one(path: Path, sql: str) -> object:
    """The first column of the first row."""
    with closing(sqlite.connect(f"file:{path}?mode=ro", uri=True)) as database:
        row = database.execute(sql).fetchone()
    return row and row[0]
