"""The page "Your data", made from what the use cases know."""

from dataclasses import replace

from appliance.conversations.deleted import DeleteReceipt, Holdings
from appliance.portable import words
from appliance.portable.belongings import CONFIRMATION
from appliance.portable.imports import Import
from appliance.routes.own_data import DataView, ImportView
from appliance.sentences import said_before


def data_view(theme: str, held: Holdings, found: Import | None = None) -> DataView:
    """The page; with how an import stands, if one is asked for."""
    return DataView(
        theme=theme,
        held=words.held_words(held),
        has_any=held.conversations > 0 or held.documents > 0,
        notice="",
        imported=import_view(found) if found else None,
        confirmation=CONFIRMATION,
    )


def deleted_view(theme: str, held: Holdings, receipt: DeleteReceipt) -> DataView:
    """The same after everything was deleted."""
    return replace(data_view(theme, held), notice=words.everything_gone_words(receipt))


def import_view(found: Import) -> ImportView:
    """How far an import has come, or what it did."""
    report = found.report
    return ImportView(
        import_id=found.import_id,
        is_over=report.is_over,
        percent=report.percent,
        words=words.imported_words(report),
        ended=said_before(report.ended),
        remarks=tuple(words.remarks(report)),
    )
