"""The models of the box as their page shows them."""

from appliance.administration.additions import Addition, Stage
from appliance.administration.models import ModelsNow
from appliance.model_files.adding import Candidate
from appliance.model_files.installed import InstalledModel
from appliance.model_files.names import plain
from appliance.routes.admin_data import (
    AdditionView,
    AdminTop,
    CandidateView,
    ModelRow,
    ModelsNowView,
    ModelsPageView,
    ReadingView,
)
from appliance.routes.page_views import box_view
from appliance.routes.sizes import size_words
from appliance.sentences import number

_SHOWN_TEMPLATE_CHARS = 20_000


def models_page_view(theme: str, now: ModelsNow) -> ModelsPageView:
    """The whole page."""
    return ModelsPageView(
        theme=theme,
        top=AdminTop("models"),
        is_busy=_is_busy(now),
        now=models_now_view(now),
        free=size_words(now.free_bytes),
        folder=str(now.folder),
        files=tuple(plain(name, 200) for name in now.files),
    )


def models_now_view(now: ModelsNow) -> ModelsNowView:
    """What of it may have changed."""
    reading = now.reading
    return ModelsNowView(
        box=box_view(now.box),
        fixed=now.fixed,
        rows=tuple(_row(now, model) for model in now.models),
        reading=ReadingView(reading.name, reading.is_before_use, reading.is_over, reading.trouble)
        if reading
        else None,
        addition=_addition_view(now.addition) if now.addition else None,
    )


def _is_busy(now: ModelsNow) -> bool:
    """Whether a page without scripts should load itself again."""
    is_reading = now.reading is not None and not now.reading.is_over
    is_coming = now.addition is not None and now.addition.stage in (Stage.RECEIVING, Stage.TRYING)
    return is_reading or is_coming or now.box.state == "loading"


def _row(now: ModelsNow, model: InstalledModel) -> ModelRow:
    answers = model.name == now.box.model_name and not now.box.answered_by
    is_chosen = model.name == now.chosen
    return ModelRow(
        name=model.name,
        title=plain(model.title, 100),
        size=size_words(model.size_bytes),
        quantisation=plain(model.quantisation, 20),
        context=number(model.context_tokens),
        licence=plain(model.licence, 60),
        sha256=model.sha256,
        answers=answers,
        can_use=not now.fixed and not (is_chosen and answers),
        can_remove=not (model.is_embedded or answers or is_chosen),
    )


def _addition_view(added: Addition) -> AdditionView:
    return AdditionView(
        addition_id=added.addition_id,
        name=added.name,
        stage=added.stage.value,
        percent=added.percent,
        words=added.words,
        asks=_candidate_view(added.tried) if added.tried and added.stage is Stage.ASKING else None,
    )


def _candidate_view(tried: Candidate) -> CandidateView:
    report = tried.report
    return CandidateView(
        title=plain(report.title, 100),
        size=size_words(tried.size_bytes),
        quantisation=plain(report.quantisation, 40),
        architecture=plain(report.architecture, 40),
        context=number(report.context_tokens),
        licence=plain(report.licence, 100),
        sha256=tried.sha256,
        chat_template=report.template[:_SHOWN_TEMPLATE_CHARS],
    )
