"""The one place where the web application is put together."""

from typing import Any, cast

from litestar import Litestar
from litestar.config.csrf import CSRFConfig
from litestar.datastructures import CacheControlHeader, State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.plugins.htmx import HTMXPlugin, HTMXRequest
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from appliance.accounts.account import Access, Account, SignedIn
from appliance.accounts.chosen_languages import ChosenLanguages
from appliance.accounts.leaving import Leaving
from appliance.conversations.conversation import Person
from appliance.desk import Desk
from appliance.desk_choice import DeskChoice
from appliance.errors import AccountClosed, ApplianceError, LinkGone, NotSetUp, NotSignedIn
from appliance.languages.languages import Languages, read_languages
from appliance.languages.templates import SpokenTemplates
from appliance.lifespan import Box
from appliance.network.box_names import BoxNames
from appliance.network.lan_address import LanAddress
from appliance.network.listening import allowed_ports
from appliance.network.trust import Trust
from appliance.paths import LOCALE, STATIC
from appliance.routes import (
    account,
    admin_audit,
    admin_backups,
    admin_health,
    admin_limits,
    admin_models,
    admin_people,
    ahead,
    api_document,
    app_shell,
    conversations,
    data,
    documents,
    entering,
    facts,
    health,
    invitations,
    keys,
    languages,
    messages,
    metrics,
    openai,
    openai_recall,
    pages,
    passkeys,
    sealed_account,
    search,
    second_factor,
    second_step,
    seen_prompt,
    sharing,
    shelf,
    sign_in,
    stream,
    summaries,
    temporary,
    trust,
    turns,
)
from appliance.routes.authentication import AuthenticationMiddleware
from appliance.routes.ended_requests import EndedRequestsMiddleware
from appliance.routes.entering import refuse_link
from appliance.routes.everybody import everybody
from appliance.routes.growing_reply import GrowingReplies
from appliance.routes.noting import noting
from appliance.routes.own_hosts import OwnHostsMiddleware
from appliance.routes.refusals import refuse, refuse_http, refuse_missing, refuse_unexpected
from appliance.routes.request_ids import RequestIdMiddleware, add_request_id
from appliance.routes.request_limits import RequestLimit, add_limit_headers
from appliance.routes.request_metrics import RequestMetricsMiddleware
from appliance.routes.same_origin import SameOriginMiddleware
from appliance.routes.security_headers import add_security_headers
from appliance.routes.turned_away import ask_to_open, ask_to_set_up, ask_to_sign_in

MAX_BODY_BYTES = 1024 * 1024


def create_app(box: Box, port: int, spoken: Languages | None = None) -> Litestar:
    """The web application over running parts.

    `port` is the one browsers name in their Host header; `spoken` stands in for our languages.
    """
    names = BoxNames(box.settings.server.names, box.settings.data_dir)
    has_certificate = box.settings.server.certificate is not None
    lan_address = LanAddress(box.settings.data_dir, names, has_certificate)
    static = create_static_files_router(
        path="/static",
        directories=[STATIC],
        include_in_schema=False,
        opt={"access": Access.ANYONE},
        # A new version's page must not run with an old version's scripts.
        cache_control=CacheControlHeader(no_cache=True),
        # A file name that no file can have (a NUL byte in it) is no file, not a failure.
        exception_handlers={ValueError: refuse_missing},
    )
    desks = DeskChoice(box.desk, box.temporary, box.sealed, box.completions)
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
            *(documents.show, documents.create, documents.attached, documents.read),
            *(documents.take, documents.delete),
            *(summaries.show, summaries.edit, summaries.delete, summaries.renew),
            *(facts.show, facts.choose, facts.rewrite, facts.confirm, facts.delete),
            *(sharing.show, sharing.create, sharing.listing, sharing.end, sharing.read),
            *(admin_people.show, admin_people.set_role, admin_people.set_state),
            *(admin_people.make_reset_link, admin_people.delete, admin_audit.show),
            *(admin_models.show, admin_models.upload, admin_models.add_from_folder),
            *(admin_models.decide, admin_models.use, admin_models.verify, admin_models.remove),
            *(admin_health.show, admin_backups.make, admin_limits.show),
            *(admin_limits.set_of_everybody, admin_limits.set_of_person),
            *(openai.chat_completions, openai.models, openai.model),
            api_document.openapi,
            *(openai_recall.embeddings, openai_recall.search),
            languages.choose,
            *(health.alive, health.ready, metrics.show),
            *(trust.show, trust.certificate, trust.profile),
            *(app_shell.manifest, app_shell.service_worker, app_shell.offline),
            *(sign_in.show, sign_in.sign_in, sign_in.sign_out, entering.welcome),
            *(second_step.show, second_step.finish, passkeys.ask, passkeys.sign_in),
            *(entering.not_set_up, entering.show_setup, entering.set_up),
            *(entering.show_invitation, entering.join, entering.show_reset, entering.reset),
            *(invitations.show, invitations.invite, invitations.take_back),
            *(account.show, account.rename, account.change_password, account.leave),
            *(account.sign_device_out, account.sign_all_out),
            *(second_factor.show, second_factor.show_setup, second_factor.turn_on),
            *(second_factor.turn_off, second_factor.make_spare_codes),
            *(passkeys.ask_for_new, passkeys.add, passkeys.remove),
            *(keys.show, keys.make, keys.revoke, keys.show_usage),
            *(sealed_account.show, sealed_account.show_code, sealed_account.seal),
            *(sealed_account.unseal, sealed_account.ask, sealed_account.open_it),
            static,
        ],
        dependencies={
            "signed_in": Provide(_signed_in, sync_to_thread=False),
            "account": Provide(_account, sync_to_thread=False),
            "person": Provide(_person, sync_to_thread=False),
            "people": _provide(box.door.people),
            "sign_ins": _provide(box.door.sign_ins),
            "links": _provide(box.door.links),
            "entrance": _provide(box.door.entrance),
            "second_factor": _provide(box.door.second_factor),
            "second_steps": _provide(box.door.second_steps),
            "passkeys": _provide(box.door.passkeys),
            "proving": _provide(box.door.proving),
            "audit": _provide(box.door.audit),
            "api_keys": _provide(box.door.keys),
            "usage": _provide(box.door.usage),
            "limits": _provide(box.door.limits),
            "leaving": _provide(Leaving(box.door.people, box.desk.belongings)),
            "desk": Provide(desks.desk),
            "own_desk": Provide(desks.own, sync_to_thread=False),
            "service": _at_desk("service"),
            "branches": _at_desk("branches"),
            "shelf": _at_own_desk("shelf"),
            "search": _at_own_desk("search"),
            "seen_prompts": _at_desk("seen_prompts"),
            "replays": _at_desk("replays"),
            "takeout": _at_desk("takeout"),
            "imports": _at_own_desk("imports"),
            "belongings": _provide(box.desk.belongings),
            "summaries": _at_desk("summaries"),
            "facts": _at_own_desk("facts"),
            "sharing": _provide(box.desk.sharing),
            "models": _provide(box.admin.models),
            "health": _provide(box.admin.health),
            "last_hour": _provide(box.admin.last_hour),
            "storage": _provide(box.admin.storage),
            "backups": _provide(box.admin.backups),
            "noting": Provide(noting),
            "everybody": Provide(everybody),
            "completions": Provide(desks.completions, sync_to_thread=False),
            "database": _provide(box.desk.database),
            "metrics": _provide(box.metrics),
            "growing_replies": _provide(GrowingReplies()),
            "temporary": _provide(box.temporary.conversations),
            "trust": _provide(Trust(box.settings.data_dir, names, port)),
            "chosen_languages": _provide(ChosenLanguages(box.desk.database)),
            "library": _provide(box.documents.library),
            "intake": _provide(box.documents.intake),
            "recall": _provide(box.recall.recall if box.settings.recall.enabled else None),
            "embedding_models": _provide(box.recall.models),
            "embedding_model": _provide(box.recall.model),
            "opening": _provide(box.sealed.opening),
            "seal_changes": _provide(box.sealed.changes),
        },
        state=State({"lan_address": lan_address}),
        plugins=[HTMXPlugin()],
        template_config=TemplateConfig(engine=SpokenTemplates(spoken or read_languages(LOCALE))),
        # From outside to inside. Host first: whoever calls the box by a foreign name gets nothing.
        middleware=[
            RequestIdMiddleware(),
            RequestMetricsMiddleware(box.metrics),
            OwnHostsMiddleware(names, allowed_ports(box.settings.server, port)),
            SameOriginMiddleware(),
            DefineMiddleware(AuthenticationMiddleware, door=box.door),
            EndedRequestsMiddleware(box.door.sign_ins.open_requests),
        ],
        guards=[RequestLimit(box.door.limits)],
        csrf_config=CSRFConfig(
            secret=box.page_secret,
            cookie_name="csrf",
            header_name="x-csrf-token",
            cookie_httponly=True,
            cookie_samesite="strict",
            exclude=["^/v1/", "^/static/", "^/healthz$", "^/readyz$", "^/metrics$"],
        ),
        exception_handlers={
            NotSignedIn: ask_to_sign_in,
            NotSetUp: ask_to_set_up,
            AccountClosed: ask_to_open,
            LinkGone: refuse_link,
            ApplianceError: refuse,
            HTTPException: refuse_http,
            Exception: refuse_unexpected,
        },
        before_send=[add_security_headers, add_limit_headers, add_request_id],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,  # logs.py has set up logging for the whole process
    )


def _signed_in(request: HTMXRequest) -> SignedIn:
    """Who sends the request. Routes that anyone may call have nobody."""
    assert request.user is not None, "a route for anyone does not ask who it is"
    return cast(SignedIn, request.user)


def _account(signed_in: NamedDependency[SignedIn]) -> Account:
    return signed_in.account


def _person(signed_in: NamedDependency[SignedIn]) -> Person:
    return signed_in.person


def _provide(part: Any) -> Provide:
    return Provide(lambda: part, sync_to_thread=False, use_cache=False)


def _at_desk(name: str) -> Provide:
    """A part of the desk that the request is for."""

    def part(desk: NamedDependency[Desk]) -> Any:
        return getattr(desk, name)

    return Provide(part, sync_to_thread=False)


def _at_own_desk(name: str) -> Provide:
    """The same of the person's own desk, where nothing is temporary."""

    def part(own_desk: NamedDependency[Desk]) -> Any:
        return getattr(own_desk, name)

    return Provide(part, sync_to_thread=False)
