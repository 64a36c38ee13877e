from pathlib import Path

import catalogues
from babel.messages.catalog import Catalog

KOREAN = catalogues.HEADER.format(language="ko", plurals="nplurals=1; plural=0;")


def said(*messages: str | tuple[str, str]) -> Catalog:
    catalog = Catalog()
    for message in messages:
        catalog.add(message)
    return catalog


def kept(tmp_path: Path) -> Path:
    file = tmp_path / "page.po"
    file.write_text(KOREAN + 'msgid "Old"\nmsgstr "옛것"\n\nmsgid "Same"\nmsgstr "그대로"\n')
    return file


def test_a_new_sentence_is_put_in_and_listed_and_an_old_one_goes(tmp_path: Path) -> None:
    file = kept(tmp_path)
    missing = catalogues.bring_up_to_date(file, said("Same", "New", ("%(num)s x", "%(num)s xs")))
    assert {message.id for message in missing} == {"New", ("%(num)s x", "%(num)s xs")}
    catalog = catalogues.read(file)
    assert {message.id: message.string for message in catalog if message.id} == {
        "Same": "그대로",
        "New": "",
        ("%(num)s x", "%(num)s xs"): ("",),
    }
    assert (str(catalog.locale), catalog.num_plurals) == ("ko", 1)


def test_a_changed_sentence_is_a_new_one_and_not_guessed(tmp_path: Path) -> None:
    file = kept(tmp_path)
    (missing,) = catalogues.bring_up_to_date(file, said("Same", "Old!"))
    assert (missing.id, missing.string, missing.fuzzy) == ("Old!", None, False)


def test_once_more_changes_nothing(tmp_path: Path) -> None:
    file = kept(tmp_path)
    template = said("Same")
    catalogues.bring_up_to_date(file, template)
    before = file.read_bytes()
    assert catalogues.bring_up_to_date(file, template) == []
    assert file.read_bytes() == before
