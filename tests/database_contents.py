"""What a database holds, wherever it stands in its file: two that agree have the same hash."""

import hashlib
from contextlib import closing
from pathlib import Path

from pysqlite3 import dbapi2 as sqlite

TABLES = (
    "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
)


def contents_hash(path: Path) -> str:
    """Of every table's shape and rows, those behind virtual tables too."""
    digest = hashlib.sha256()
    with closing(sqlite.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        for name, sql in reader.execute(TABLES).fetchall():
            digest.update(f"{sql}\n".encode())
            rows = reader.execute(f'SELECT * FROM "{name}"').fetchall()
            digest.update("\n".join(sorted(map(repr, rows))).encode())
    return digest.hexdigest()
