"""One step from a shape of the database to the next."""

from typing import NamedTuple


class Migration(NamedTuple):
    """One step of the schema, and why it was needed."""

    number: int
    name: str
    why: str
    statements: tuple[str, ...]
