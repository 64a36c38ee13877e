"""Is it alive, and can it answer?

For supervisors and scripts; anonymous, and says nothing about anybody.
"""

from litestar import Response, get
from litestar.di import NamedDependency

from appliance.accounts.account import Access
from appliance.conversations.service import ConversationService
from appliance.errors import StoreError
from appliance.store.database import Database


@get("/healthz", sync_to_thread=False, opt={"access": Access.ANYONE})
def alive() -> dict[str, str]:
    """The event loop turns."""
    return {"status": "alive"}


@get("/readyz", opt={"access": Access.ANYONE})
async def ready(
    database: NamedDependency[Database], service: NamedDependency[ConversationService]
) -> Response[dict[str, str]]:
    """The model is loaded and the store can be written; otherwise 503 and which of them is not."""
    state = {"model": service.box_status().state, "store": await _store_state(database)}
    is_ready = state == {"model": "ready", "store": "ready"}
    status = "ready" if is_ready else "not ready"
    return Response({"status": status, **state}, status_code=200 if is_ready else 503)


async def _store_state(database: Database) -> str:
    try:
        async with database.write() as tx:
            # An empty transaction would not touch the disk; this one does, and changes nothing.
            await tx.execute("PRAGMA user_version = 0")
    except StoreError:
        return "failed"
    return "ready"
