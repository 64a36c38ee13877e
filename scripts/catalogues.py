"""Brings the catalogues of the page up to date with what the code and the templates say.

    python scripts/catalogues.py

New sentences are added without a translation, those that nobody says any more are taken out, and
what is missing is listed. Nothing is guessed: a sentence that was changed is a new one.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from appliance.accounts.audit import Act
from appliance.paths import LOCALE, ROOT

METHODS = [("appliance/**.py", "python"), ("web/templates/**.html", "jinja2")]
KEYWORDS = {
    "say": None,
    "say_counted": (1, 2),
    "_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
WIDTH = 100
# What a reader of the file needs; no dates, so that nothing changes where nothing was said.
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def said() -> Catalog:
    """Everything that is said to people, in English."""
    catalog = Catalog(charset="utf-8")
    # The whole tree, because the templates are beside the package.
    for _, _, message, _, context in extract_from_dir(
        str(ROOT),
        METHODS,
        keywords=KEYWORDS,
        directory_filter=lambda folder: Path(folder).name in _FOLDERS,
    ):
        catalog.add(message, context=context)
    for act in Act:  # the record of the box says what was done by these names
        catalog.add(act.value)
    return catalog


def files() -> Iterator[Path]:
    """The catalogues that there are."""
    yield from sorted(LOCALE.glob("*/LC_MESSAGES/page.po"))


def read(file: Path) -> Catalog:
    """One of them."""
    with file.open("rb") as opened:
        return read_po(opened, abort_invalid=True)


def missing(catalog: Catalog) -> list[Message]:
    """Sentences without a translation."""
    return [message for message in catalog if message.id and not _is_whole(message)]


def bring_up_to_date(file: Path, template: Catalog) -> list[Message]:
    """Write the catalogue anew; returns what is not translated in it."""
    catalog = read(file)
    catalog.update(template, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    with file.open("wb") as opened:
        opened.write(HEADER.format(language=catalog.locale, plurals=catalog.plural_forms).encode())
        write_po(opened, catalog, width=WIDTH, no_location=True, omit_header=True, sort_output=True)
    return missing(catalog)


def _is_whole(message: Message) -> bool:
    strings = message.string if isinstance(message.string, tuple) else (message.string,)
    return bool(strings) and all(strings) and not message.fuzzy


_FOLDERS = {
    *(path.name for path in (ROOT / "appliance").rglob("*") if path.is_dir()),
    *("appliance", "web", "templates"),
}


if __name__ == "__main__":
    template = said()
    for file in files():
        for message in bring_up_to_date(file, template):
            print(f"{file.parts[-3]}: {message.id}")
