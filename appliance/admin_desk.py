"""What whoever looks after the box uses, joined: its models, its health, how much is stored."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from appliance.administration.additions import Additions
from appliance.administration.backups import Backups
from appliance.administration.health import Health
from appliance.administration.last_hour import LastHour, hour_kept
from appliance.administration.models import ModelPlan, Models
from appliance.administration.storage import Storage
from appliance.backups.usual import usual
from appliance.box_figures import BoxFigures, look
from appliance.engine.kv_snapshots import KvSnapshots
from appliance.engine_choice import ChatEngine
from appliance.hot.connection import Hot
from appliance.hot.server import ValkeyServer
from appliance.model_files.library import ModelLibrary
from appliance.model_files.presets import load_known_templates, load_presets
from appliance.paths import PRESETS
from appliance.settings import Settings
from appliance.settings_engine import DEFAULT_MODEL
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class AdminDesk:
    """What the routes under /admin are given, by name."""

    models: Models
    health: Health
    last_hour: LastHour
    storage: Storage
    backups: Backups


@asynccontextmanager
async def open_admin_desk(
    settings: Settings, database: Database, hot: Hot, engine: ChatEngine, snapshots: KvSnapshots
) -> AsyncIterator[AdminDesk]:
    """Join it; on leaving, models that are not in yet are given up."""
    library = ModelLibrary(settings.model_dir, load_presets(PRESETS))
    models = Models(
        library,
        Additions(library, load_known_templates(PRESETS)),
        ModelPlan(DEFAULT_MODEL, settings.model.name, settings.model.draft),
        engine.status,
        engine.swap,
    )
    health = Health(engine.status, engine.gauges, hot, snapshots, database.path)
    hour = LastHour(health.now)
    backups = Backups(usual(settings))
    try:
        async with hour_kept(hour):
            yield AdminDesk(
                models=models,
                health=health,
                last_hour=hour,
                storage=Storage(database, snapshots),
                backups=backups,
            )
    finally:
        await backups.stop()
        await models.stop()


def figures(
    engine: ChatEngine, hot: Hot, valkey: ValkeyServer | None, database: Database
) -> BoxFigures:
    """What the metrics say beside the engine. Of the box's own Valkey it is known at once whether
    it is there, of another one when it is next asked for something.
    """
    misses = hot.is_used and hot.is_away if valkey is None else not valkey.answers.is_set()
    return look(engine.status().state == "ready", misses, database.path)
