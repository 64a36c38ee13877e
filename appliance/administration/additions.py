"""Models that come in by the page: received or found in a folder of the box, tried, asked about.

One at a time. It belongs to the box and not to the page that began it. A chat template that nobody
has read is shown and waits for a yes; without one the file goes after an hour.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import structlog

from appliance.administration.own_thread import on_own_thread
from appliance.conversations.conversation import new_id
from appliance.errors import ApplianceError, Conflict, NotFound
from appliance.model_files.adding import Candidate, candidate
from appliance.model_files.library import ModelLibrary
from appliance.model_files.names import check_name, name_for, plain
from appliance.model_files.receiving import IncomingFile, check_room, incoming_file
from appliance.sentences import say

FOLDER = "incoming"
"""Inside the model directory: what is put there can be added by the page."""
DECISION_SECONDS = 3600.0
_MOST_FILES = 100
_BUSY = say("A model is being added already. Wait until that is over.")
_GONE = say("Nothing is known of this file any more. Add it again.")
_BROKEN_OFF = say("The file did not come whole. Nothing was added; send it again.")
_REFUSED = say("It was not added: its chat template was not accepted.")
_NOT_DECIDED = say("It was not added: nobody said within an hour whether its template may be used.")
_NOT_SUPPOSED_TO = say("Something went wrong inside the box; the log has the details.")

log = structlog.get_logger(__name__)


class Stage(StrEnum):
    """How far a file has come."""

    RECEIVING = "receiving"
    TRYING = "trying"
    ASKING = "asking"
    ADDED = "added"
    REFUSED = "refused"


@dataclass(slots=True)
class Addition:
    """One file on its way in, or the last one that was. `words` say why it was refused."""

    name: str
    total_bytes: int
    stage: Stage
    addition_id: str = field(default_factory=new_id)
    file: IncomingFile | None = None
    tried: Candidate | None = None
    words: str = ""
    decision: "asyncio.Future[bool]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    held: ExitStack = field(default_factory=ExitStack)
    """What is on the disk for it until it has its place."""

    @property
    def is_over(self) -> bool:
        return self.stage in (Stage.ADDED, Stage.REFUSED)

    @property
    def percent(self) -> int:
        """How much of it has been received."""
        received = self.file.size_bytes if self.file else 0
        return min(100, 100 * received // max(1, self.total_bytes))

    def refuse(self, words: str) -> None:
        """It does not come in."""
        self.stage, self.words = Stage.REFUSED, words


class Additions:
    """Takes models in. `known_templates` are the chat templates that need no question."""

    def __init__(self, library: ModelLibrary, known_templates: Mapping[str, str]) -> None:
        self._library = library
        self._known_templates = known_templates
        self._trying: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self.last: Addition | None = None

    @property
    def folder(self) -> Path:
        """Where files lie that can be added without being sent."""
        return self._library.directory / FOLDER

    def files(self) -> tuple[str, ...]:
        """The names of those."""
        with suppress(OSError):
            found = (each.name for each in self.folder.glob("*.gguf") if each.is_file())
            return tuple(sorted(found)[:_MOST_FILES])
        return ()

    @asynccontextmanager
    async def receiving(
        self, file_name: str, total_bytes: int, name: str = "", published_sha256: str = ""
    ) -> AsyncIterator[IncomingFile]:
        """A file to write while the block runs; after it, it is tried in the background.

        Raises Conflict, ModelMissing for a name that is none, StoreFull, ModelError.
        """
        added = self._begin(name or name_for(file_name), Stage.RECEIVING, total_bytes)
        try:
            place = incoming_file(self._library.directory, total_bytes)
            added.file = file = await asyncio.to_thread(added.held.enter_context, place)
            yield file
            sha256 = await asyncio.to_thread(file.finish)
        except BaseException as error:
            added.refuse(error.sentence if isinstance(error, ApplianceError) else _BROKEN_OFF)
            added.held.close()
            self._settled.set()
            raise
        self._try(added, file.path, file_name, published_sha256 or sha256)

    async def add_from_folder(self, file_name: str, name: str = "") -> Addition:
        """Copy a file of the folder and try it in the background. Raises as `receiving` does, and
        NotFound.
        """
        if file_name not in await asyncio.to_thread(self.files):
            raise NotFound(
                say("There is no file %(name)s in the folder any more.", name=plain(file_name, 80))
            )
        path = self.folder / file_name
        size_bytes = path.stat().st_size
        check_room(self._library.directory, size_bytes)
        added = self._begin(name or name_for(file_name), Stage.TRYING, size_bytes)
        self._try(added, path, file_name, None)
        return added

    def decide(self, addition_id: str, is_accepted: bool) -> Addition:
        """Whether the template that is asked about may be used. Raises NotFound."""
        added = self.last
        if added is None or added.addition_id != addition_id or added.stage is not Stage.ASKING:
            raise NotFound(_GONE)
        added.stage = Stage.TRYING
        added.decision.set_result(is_accepted)
        return added

    async def wait_settled(self) -> None:
        """Return when the last one waits for an answer or is over."""
        await self._settled.wait()

    async def wait_over(self) -> None:
        """Return when nothing is being tried."""
        if self._trying is not None:
            await asyncio.wait([self._trying])

    async def stop(self) -> None:
        """Give up what is not in yet."""
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.wait([self._trying])

    def _begin(self, name: str, stage: Stage, total_bytes: int) -> Addition:
        check_name(name)
        if self.last is not None and not self.last.is_over:
            raise Conflict(_BUSY)
        self.last = Addition(name, total_bytes, stage)
        self._settled.clear()
        return self.last

    def _try(self, added: Addition, path: Path, source: str, sha256: str | None) -> None:
        added.stage = Stage.TRYING
        trial = candidate(
            self._library,
            path,
            added.name,
            self._known_templates,
            source=source,
            published_sha256=sha256,
        )
        self._trying = asyncio.create_task(self._take_in(added, trial), name="model-addition")

    async def _take_in(self, added: Addition, trial: AbstractContextManager[Candidate]) -> None:
        try:
            tried = await on_own_thread(lambda: added.held.enter_context(trial), "model-trial")
            added.tried = tried
            if tried.known_template is None and not await self._is_accepted(added):
                return
            await asyncio.to_thread(tried.accept, self._library)
            added.stage = Stage.ADDED
            log.info("a model was added", model=added.name)
        except ApplianceError as error:
            added.refuse(error.sentence)
        except Exception:  # an addition's border: whoever looks at it must see an end
            log.exception("a model could not be added")
            added.refuse(_NOT_SUPPOSED_TO)
        finally:
            added.held.close()
            if not added.is_over:
                added.refuse(_BROKEN_OFF)
            self._settled.set()

    async def _is_accepted(self, added: Addition) -> bool:
        added.stage = Stage.ASKING
        self._settled.set()
        try:
            async with asyncio.timeout(DECISION_SECONDS):
                is_accepted = await added.decision
        except TimeoutError:
            added.refuse(_NOT_DECIDED)
            return False
        if not is_accepted:
            added.refuse(_REFUSED)
        return is_accepted
