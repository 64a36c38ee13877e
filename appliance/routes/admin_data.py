"""What the templates of the pages under /admin receive; see `page_data`. No text of anybody's."""

from dataclasses import dataclass
from typing import ClassVar

from appliance.routes.account_data import NewLinkView
from appliance.routes.hour_data import LastHourView
from appliance.routes.page_data import BoxView


@dataclass(frozen=True, slots=True)
class AdminTop:
    """The way from each of these pages to the others."""

    template: ClassVar[str] = "_admin_top.html"
    variable: ClassVar[str] = "top"

    current: str


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model that is here."""

    name: str
    title: str
    size: str
    quantisation: str
    context: str
    licence: str
    sha256: str
    answers: bool
    can_use: bool
    can_remove: bool


@dataclass(frozen=True, slots=True)
class CandidateView:
    """What a file that was tried says of itself, for whoever decides about its chat template."""

    title: str
    size: str
    quantisation: str
    architecture: str
    context: str
    licence: str
    sha256: str
    chat_template: str


@dataclass(frozen=True, slots=True)
class AdditionView:
    """How far a file has come on its way in."""

    addition_id: str
    name: str
    stage: str
    percent: int
    words: str
    asks: CandidateView | None


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A model whose file is read from its start to its end, or was."""

    name: str
    is_before_use: bool
    is_over: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class ModelsNowView:
    """What of the page of models changes by itself; `fixed` says why none can be chosen."""

    template: ClassVar[str] = "_models.html"
    variable: ClassVar[str] = "now"

    box: BoxView
    fixed: str
    rows: tuple[ModelRow, ...]
    reading: ReadingView | None
    addition: AdditionView | None


@dataclass(frozen=True, slots=True)
class ModelsPageView:
    """The models of the box."""

    template: ClassVar[str] = "admin_models.html"
    variable: ClassVar[str] = "page"

    theme: str
    top: AdminTop
    is_busy: bool
    now: ModelsNowView
    free: str
    folder: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BackupsView:
    """The last backup, what went wrong since, and whether one is being made."""

    template: ClassVar[str] = "_backups.html"
    variable: ClassVar[str] = "backups"

    is_running: bool
    made_iso: str
    made_when: str
    is_old: bool
    size: str
    where: str
    folder: str
    count: int
    is_encrypted: bool
    failed_when: str
    trouble: str


@dataclass(frozen=True, slots=True)
class HealthNowView:
    """The figures, which are asked for again every ten seconds; empty where nobody knows."""

    template: ClassVar[str] = "_health.html"
    variable: ClassVar[str] = "health"

    box: BoxView
    model_name: str
    running: int
    waiting: int
    kv_percent: int
    threads: int
    has_valkey: bool
    hour: LastHourView
    database: str
    snapshots: str
    disk_free: str
    disk_total: str
    disk_percent: int
    process: str
    memory_free: str
    memory_total: str
    up_days: int
    up_hours: int
    up_minutes: int
    versions: tuple[tuple[str, str], ...]
    backups: BackupsView


@dataclass(frozen=True, slots=True)
class HealthPageView:
    """How the box is."""

    template: ClassVar[str] = "admin_health.html"
    variable: ClassVar[str] = "page"

    theme: str
    top: AdminTop
    now: HealthNowView


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who may come in: how much there is of theirs, and nothing of what it says."""

    person_id: str
    name: str
    is_admin: bool
    is_disabled: bool
    is_sealed: bool
    is_you: bool
    made_on: str
    seen: str
    conversations: int
    messages: int
    size: str


@dataclass(frozen=True, slots=True)
class PeoplePageView:
    """Everybody; `done` is what was just done, `made` a link for the one it is `made_for`."""

    template: ClassVar[str] = "admin_people.html"
    variable: ClassVar[str] = "page"

    theme: str
    top: AdminTop
    rows: tuple[PersonRow, ...]
    done: str
    made: NewLinkView | None
    made_for: str


@dataclass(frozen=True, slots=True)
class ActChoice:
    """Something that can be done, by its word in the record."""

    act: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the record."""

    iso: str
    when: str
    act: str
    who: str
    about: str
    address: str


@dataclass(frozen=True, slots=True)
class AuditPageView:
    """A page of the record, newest first."""

    template: ClassVar[str] = "admin_audit.html"
    variable: ClassVar[str] = "page"

    theme: str
    top: AdminTop
    acts: tuple[ActChoice, ...]
    name: str
    rows: tuple[AuditRow, ...]
    older_url: str
