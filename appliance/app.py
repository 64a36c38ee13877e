"""The one place where the web application is put together."""

from typing import Any

from litestar import Litestar
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.plugins.htmx import HTMXPlugin
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from appliance.desk import Desk
from appliance.desk_choice import DeskChoice
from appliance.errors import ApplianceError
from appliance.languages.languages import Languages, read_languages
from appliance.languages.templates import SpokenTemplates
from appliance.lifespan import Box
from appliance.paths import LOCALE, STATIC
from appliance.routes import (
    ahead,
    conversations,
    data,
    health,
    languages,
    messages,
    metrics,
    openai,
    pages,
    search,
    seen_prompt,
    shelf,
    stream,
    summaries,
    temporary,
    turns,
)
from appliance.routes.refusals import refuse, refuse_http, refuse_missing, refuse_unexpected
from appliance.routes.request_metrics import RequestMetricsMiddleware
from appliance.routes.same_origin import SameOriginMiddleware
from appliance.routes.security_headers import add_security_headers

MAX_BODY_BYTES = 1024 * 1024


def create_app(box: Box, port: int, spoken: Languages | None = None) -> Litestar:
    """The web application over running parts.

    `port` is the one browsers name in their Host header; `spoken` stands in for our languages.
    """
    static = create_static_files_router(
        path="/static",
        directories=[STATIC],
        include_in_schema=False,
        # A new version's page must not run with an old version's scripts.
        cache_control=CacheControlHeader(no_cache=True),
        # A file name that no file can have (a NUL byte in it) is no file, not a failure.
        exception_handlers={ValueError: refuse_missing},
    )
    return Litestar(
        route_handlers=[
            *(pages.home, pages.conversation),
            *(turns.create, turns.retry, turns.stop, stream.follow, ahead.read_ahead),
            *(turns.go_on, messages.edit_form, messages.edit, messages.show, messages.delete_pair),
            *(conversations.rename, conversations.delete),
            *(search.show, shelf.listing, shelf.choice, shelf.place),
            *(shelf.make_folder, shelf.rename_folder, shelf.delete_folder),
            *(seen_prompt.show, seen_prompt.replay, seen_prompt.empty_drawer),
            *(temporary.open_page, temporary.close_page),
            *(data.show, data.take_everything, data.take_conversation, data.delete_everything),
            *(data.create_import, data.show_import),
            *(summaries.show, summaries.edit, summaries.delete, summaries.renew),
            *(openai.chat_completions, openai.models, openai.model),
            languages.choose,
            *(health.alive, health.ready, metrics.show),
            static,
        ],
        dependencies={
            "person": _provide(box.person),
            "desk": Provide(DeskChoice(box.desk, box.temporary).desk),
            "service": _at_desk("service"),
            "branches": _at_desk("branches"),
            "shelf": _provide(box.desk.shelf),
            "search": _provide(box.desk.search),
            "seen_prompts": _at_desk("seen_prompts"),
            "replays": _at_desk("replays"),
            "takeout": _at_desk("takeout"),
            "imports": _provide(box.desk.imports),
            "belongings": _provide(box.desk.belongings),
            "summaries": _at_desk("summaries"),
            "completions": _provide(box.completions),
            "database": _provide(box.desk.database),
            "metrics": _provide(box.metrics),
            "temporary": _provide(box.temporary.conversations),
        },
        plugins=[HTMXPlugin()],
        template_config=TemplateConfig(engine=SpokenTemplates(spoken or read_languages(LOCALE))),
        middleware=[RequestMetricsMiddleware(box.metrics), SameOriginMiddleware()],
        allowed_hosts=AllowedHostsConfig(_allowed_hosts(box, port), www_redirect=False),
        csrf_config=CSRFConfig(
            secret=box.page_secret,
            cookie_name="csrf",
            header_name="x-csrf-token",
            cookie_httponly=True,
            cookie_samesite="strict",
            exclude=["^/v1/", "^/static/", "^/healthz$", "^/readyz$", "^/metrics$"],
        ),
        exception_handlers={
            ApplianceError: refuse,
            HTTPException: refuse_http,
            Exception: refuse_unexpected,
        },
        before_send=[add_security_headers],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,  # logs.py has set up logging for the whole process
    )


def _provide(part: Any) -> Provide:
    return Provide(lambda: part, sync_to_thread=False, use_cache=False)


def _at_desk(name: str) -> Provide:
    """A part of the desk that the request is for."""

    def part(desk: NamedDependency[Desk]) -> Any:
        return getattr(desk, name)

    return Provide(part, sync_to_thread=False)


def _allowed_hosts(box: Box, port: int) -> list[str]:
    """Litestar compares the port too, and browsers leave out the default one."""
    names = ["localhost", "127.0.0.1", "[::1]", *box.settings.server.names]
    return [host for name in names for host in (name, f"{name}:{port}")]
