"""The columns that hold a person's words, and the SQL by which they are read and written.

Of a person whose account is sealed they hold ciphertext. Whether that is so is never guessed from a
value: each statement asks the table `seals`, in its own transaction, so what it reads and what it
is told belong together at every moment, also while an account is being sealed. Which cell a value
stands in is encrypted with it: one that was moved to another row, column or person does not open.

`seal` and `unseal` are Python's functions, which `CellFunctions` gives to a connection. They are
not called for people without a seal.
"""

from dataclasses import dataclass
from typing import Protocol

from aiosqlite import Connection

from appliance.errors import AccountClosed, ApplianceError


class Keys(Protocol):
    """Has the keys of the accounts that are open. Called on the connections' threads.

    `place` names the cell. Both raise AccountClosed, and `unseal` StoreError for what is not what
    was sealed there.
    """

    def seal(self, seal_id: str, place: str, text: str) -> str: ...
    def unseal(self, seal_id: str, place: str, value: str) -> str: ...


class NoKeys:
    """Every sealed account is closed."""

    def seal(self, seal_id: str, place: str, text: str) -> str:
        raise AccountClosed

    def unseal(self, seal_id: str, place: str, value: str) -> str:
        raise AccountClosed


@dataclass(frozen=True, slots=True)
class Cell:
    """A column with words; `row_id` is the column that names its row for good."""

    table: str
    column: str
    row_id: str

    def read(self, alias: str) -> str:
        """SQL for the words of the row `alias`."""
        value, row_id = f"{alias}.{self.column}", f"{alias}.{self.row_id}"
        seal = seal_of(f"{alias}.person_key")
        unsealed = f"unseal({seal}, '{self.table}.{self.column}', {row_id}, {value})"
        return f"(CASE WHEN {seal} IS NULL THEN {value} ELSE {unsealed} END)"

    def written(self, owner: str, row_id: str, words: str) -> str:
        """SQL for what is stored for words; all three are SQL, too: ?1, or a column."""
        seal = seal_of(owner)
        sealed = f"seal({seal}, '{self.table}.{self.column}', {row_id}, {words})"
        return f"(CASE WHEN {seal} IS NULL THEN {words} ELSE {sealed} END)"


def seal_of(owner: str) -> str:
    """SQL for the seal of a person; NULL when their words are stored as they are."""
    return f"(SELECT seals.seal_id FROM seals WHERE seals.account_key = {owner})"


TITLE = Cell("conversations", "title", "conversation_id")
FOLDER_NAME = Cell("folders", "name", "folder_id")
CONTENT = Cell("messages", "content", "message_id")
SUMMARY = Cell("summaries", "content", "summary_id")
CHECKPOINT = Cell("turns", "checkpoint", "turn_id")
ERROR = Cell("turns", "error", "turn_id")
# No words by themselves, but a digest by which words can be guessed; and what an import brought.
SAMPLING = Cell("turns", "sampling", "turn_id")
PROMPT_RECORD = Cell("turns", "prompt_record", "turn_id")
CHUNK_HEADING = Cell("chunks", "heading", "chunk_key")
CHUNK_TEXT = Cell("chunks", "text", "chunk_key")

CELLS = (
    *(TITLE, FOLDER_NAME, CONTENT, SUMMARY, CHECKPOINT, ERROR, SAMPLING, PROMPT_RECORD),
    *(CHUNK_HEADING, CHUNK_TEXT),
)


class CellFunctions:
    """`seal` and `unseal` as SQL knows them on one connection.

    SQLite tells only that a function of ours raised something. What it was is kept here, for
    whoever asked.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._refusal: ApplianceError | None = None

    async def join(self, connection: Connection) -> "CellFunctions":
        """Make them known to a connection. Not deterministic: the same words are sealed anew."""
        await connection.create_function("seal", 4, self._seal)
        await connection.create_function("unseal", 4, self._unseal)
        return self

    def take_refusal(self) -> ApplianceError | None:
        """Why the last call failed, once."""
        refusal, self._refusal = self._refusal, None
        return refusal

    def _seal(self, seal_id: str, column: str, row_id: str, words: str | None) -> str | None:
        try:
            place = place_of(column, row_id)
            return None if words is None else self._keys.seal(seal_id, place, words)
        except ApplianceError as error:
            self._refusal = error
            raise

    def _unseal(self, seal_id: str, column: str, row_id: str, value: str | None) -> str | None:
        try:
            place = place_of(column, row_id)
            return None if value is None else self._keys.unseal(seal_id, place, value)
        except ApplianceError as error:
            self._refusal = error
            raise


def place_of(column: str, row_id: str) -> str:
    """The name of a cell; no id and no column has a blank in it."""
    return f"{column} {row_id}"
