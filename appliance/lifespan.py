"""The order in which the parts start, and the reverse in which they stop.

Store first, because nothing is accepted before it can be kept. Hot second; its absence is no
obstacle. The engine loads in the background while the page is up already. Unfinished turns go on
last, when all they need is there.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from appliance.accounts.key_locks import Cost
from appliance.accounts.keyring import Keyring
from appliance.accounts.opening import Opening
from appliance.accounts.passwords import Passwords
from appliance.accounts.promised_tokens import PromisedTokens
from appliance.accounts.seal_changes import SealChanges
from appliance.accounts.seal_watcher import SealWatcher
from appliance.accounts.sealed_accounts import SealedAccounts
from appliance.accounts.sign_ins import SignIns
from appliance.accounts.usage import Usage
from appliance.admin_desk import AdminDesk, figures, open_admin_desk
from appliance.backups import switching
from appliance.conversations.beginnings import Beginnings
from appliance.conversations.completions import Completions
from appliance.conversations.conversation import Person
from appliance.conversations.generation import Generations
from appliance.conversations.recovery import resume_unfinished
from appliance.conversations.sequence_watch import SequenceWatch
from appliance.core_dumps import hide_memory
from appliance.data_dir import derived_key, open_data_dir, page_secret
from appliance.desk import Desk, open_desk
from appliance.documents_desk import DocumentsDesk, open_documents_desk
from appliance.engine.backend import Backend
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.engine_choice import ChatEngine, chat_engine
from appliance.errors import StoreError
from appliance.front_door import FrontDoor, open_front_door
from appliance.hot.connection import Hot
from appliance.hot.server import ValkeyServer
from appliance.hot.service import url_of_service
from appliance.metrics import Metrics
from appliance.recall_desk import RecallDesk, open_recall_desk
from appliance.sealed_desk import (
    PersonsWork,
    SealedDesk,
    SealedEnds,
    accounts_kept,
    open_sealed_desk,
)
from appliance.settings import Settings
from appliance.store import documents as stored_documents
from appliance.store import people
from appliance.store.database import Database
from appliance.temporary_desk import TemporaryDesk, open_temporary_desk

SAVE_AT_STOP_SECONDS = 10.0
OLD_SIGN_INS_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Box:
    """The joined parts that the web application and the command line use."""

    settings: Settings
    person: Person
    door: FrontDoor
    desk: Desk
    temporary: TemporaryDesk
    admin: AdminDesk
    documents: DocumentsDesk
    sealed: SealedDesk
    completions: Completions
    generations: Generations
    metrics: Metrics
    engine: ChatEngine
    recall: RecallDesk
    valkey: ValkeyServer | None
    page_secret: str


@asynccontextmanager
async def open_box(
    settings: Settings,
    load: Callable[[], Backend] | None = None,
    passwords: Passwords | None = None,
    seal_cost: Cost | None = None,
) -> AsyncIterator[Box]:
    """Start all parts; stop them on leaving. `load` stands in for the model that the settings name,
    `passwords` for those at their usual cost, and so does `seal_cost`.

    Raises StoreRefused, SettingsError with a sentence."""
    async with AsyncExitStack() as stack:
        stack.enter_context(open_data_dir(settings.data_dir))
        switching.finish(settings.data_dir)
        keyring = Keyring(hide_memory)
        stack.callback(keyring.close_all)
        database = await Database.open(settings.data_dir / "appliance.sqlite3", keyring)
        stack.push_async_callback(database.close)
        usage = Usage(database, promised=PromisedTokens(settings.limits.reply_tokens))
        stack.push_async_callback(usage.stop)
        hot, valkey = await _open_hot(settings, stack)
        secret = page_secret(settings.data_dir)
        snapshots = _open_snapshots(settings, secret, stack)
        metrics = Metrics(
            lambda: engine.gauges(), snapshots, lambda: figures(engine, hot, valkey, database)
        )
        engine = chat_engine(settings, load, snapshots, lambda at: SequenceWatch(metrics, at).take)
        generations = engine.generations
        await generations.start()
        stack.push_async_callback(generations.stop)
        recall = await stack.enter_async_context(
            open_recall_desk(settings, database, engine, stored_documents.names)
        )
        recalls = recall.recall if settings.recall.enabled else None
        temporary = await stack.enter_async_context(
            open_temporary_desk(settings, database, engine, metrics, usage.count)
        )
        sealed, completions_of_sealed = await stack.enter_async_context(
            open_sealed_desk(settings, database, engine, metrics, temporary, usage.count, recalls)
        )
        documents = await stack.enter_async_context(
            open_documents_desk(settings, database, recall.indexer.note, generations.forget)
        )
        desk = await stack.enter_async_context(
            open_desk(
                settings,
                database,
                hot,
                engine,
                metrics,
                Beginnings(),
                database,
                temporary.conversations,
                SealedEnds(sealed),
                documents.library,
                count=usage.count,
                sweep_files=documents.library.sweep,
                open_file=documents.files.open,
                afterwards=(recall.indexer.look,) if settings.recall.enabled else (),
                recalls=recalls,
            )
        )
        if engine.swap is not None:
            stack.push_async_callback(engine.swap.stop)
        admin = await stack.enter_async_context(
            open_admin_desk(settings, database, hot, engine, snapshots)
        )
        async with database.write() as tx:
            person = await people.local_person(tx)
        work = PersonsWork(desk, sealed, temporary)
        accounts = SealedAccounts(database, keyring, work, seal_cost)
        changes = SealChanges(database, accounts, work)
        door = await open_front_door(
            settings, database, SealWatcher(accounts), passwords=passwords, usage=usage
        )
        await stack.enter_async_context(accounts_kept(accounts, changes))
        await stack.enter_async_context(old_sign_ins_ended(door.sign_ins))
        await resume_unfinished(database, desk.token_stream, desk.runner)
        yield Box(
            settings=settings,
            person=person,
            door=door,
            desk=desk,
            temporary=temporary,
            admin=admin,
            documents=documents,
            sealed=SealedDesk(
                sealed,
                completions_of_sealed,
                accounts,
                changes,
                Opening(database, accounts, door.passwords, door.throttle),
            ),
            completions=Completions(
                generations,
                engine.tokenizer,
                engine.profile,
                settings.engine.open_turns,
                engine.ahead,
            ),
            generations=generations,
            metrics=metrics,
            engine=engine,
            recall=recall,
            valkey=valkey,
            page_secret=secret,
        )


@asynccontextmanager
async def old_sign_ins_ended(sign_ins: SignIns) -> AsyncIterator[None]:
    """While the block runs, whoever has been signed in for too long is not for much longer."""

    async def end_them() -> None:
        while True:
            await asyncio.sleep(OLD_SIGN_INS_SECONDS)
            try:
                await sign_ins.end_old()
            except StoreError as error:  # refused at the next request all the same
                log.warning("old sign-ins were not ended", cause=type(error).__name__)

    ending = asyncio.create_task(end_them(), name="old-sign-ins")
    try:
        yield
    finally:
        ending.cancel()
        with suppress(asyncio.CancelledError):
            await ending


def _open_snapshots(settings: Settings, secret: str, stack: AsyncExitStack) -> KvSnapshots:
    """The KV cache's place on disk; closed after the engine has put into it what it still holds.

    With another machine's model there is nothing to keep, and what was kept goes.
    """
    limit_mb = 0 if settings.engine.url else settings.engine.snapshot_mb
    snapshots = KvSnapshots(
        settings.data_dir / "kv",
        derived_key(secret, "kv snapshots"),
        limit_mb * 1024 * 1024,
    )
    snapshots.start()
    stack.push_async_callback(asyncio.to_thread, snapshots.close, SAVE_AT_STOP_SECONDS)
    return snapshots


async def _open_hot(settings: Settings, stack: AsyncExitStack) -> tuple[Hot, ValkeyServer | None]:
    """A client for the Valkey in the settings, or for systemd's beside us, or for a private one
    that is started here, or for none.
    """
    server: ValkeyServer | None = None
    url = settings.hot.url.get_secret_value() if settings.hot.url else None
    if url is None and settings.hot.embedded:
        url = await url_of_service()
    if url is None and settings.hot.embedded:
        server = ValkeyServer(memory_mb=settings.hot.memory_mb)
        await server.start()
        stack.push_async_callback(server.stop)
        url = server.url
    hot = Hot(url)
    stack.push_async_callback(hot.close)
    return hot, server
