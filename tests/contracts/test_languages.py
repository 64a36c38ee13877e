"""Nothing is said to people in one language only."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import catalogues
import jinja2
import pytest
from babel.messages.catalog import Catalog, Message
from jinja2 import nodes
from read_words import letters_in, words_of

from appliance import errors
from appliance.paths import ROOT, TEMPLATES

SAID_BY = {"_", "gettext", "ngettext", "pgettext"}
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%")
FILES = {file.parts[-3]: file for file in catalogues.files()}
SAID = catalogues.said()
# What names of formats and of other programs look like in all languages.
NAMES = {
    *("SHA-256", "Top-k", "Top-p", "Min-p", "sha256", "sha256 %(digits)s"),
    *("Android", "Windows", "Mac", "%(seconds)s s", "%(hours)s h %(minutes)s min"),
    *("Name", "System", "Prompt", "Form", "Token", "Seed", "Link", "Chat", "Embeddings"),
    "Passkeys",
}

PROGRAMS_ONLY = (
    *("cli", "json_schema", "routes/openai", "routes/response_format", "settings"),
    *("recall/", "document_errands"),
    *("backups/encryption", "backups/manifest", "backups/restoring", "backups/tar"),
    "backups/unpacking",
    *("model_files/adapters", "model_files/presets", "model_files/pull"),
    "model_files/trial_model",  # what it says of adapters
    *("store/opening", "store/migrations", "data_dir", "errand_socket", "stopped_box"),
    *("conversations/completions", "routes/turn_stream", "portable/errands", "engine/grammar"),
    *("draft_choice", "engine/llama_", "model_choice", "remote/generations", "store/conversations"),
    *("store/messages", "store/summaries", "store/turns", "store/whole_conversations"),
    *("accounts/errands", "accounts/key_errands", "box_errands", "hot/", "store/shared_links"),
    *("network/announcement", "network/authority", "network/certificates", "network/listening"),
    *("network/tls_folder", "store/facts", "installation/", "store/snapshot", "trial_start"),
)
"""Whose errors nobody meets at the page: the command line, `/v1`, the start, and what the store
tells the parts above it.
"""
TO_KEYS = {"_BAD_KEY", "_NOT_FOR_KEYS"}
"""What programs with a key are told."""


def source_of(template: Path) -> str:
    """Its HTML alone: what is made by expressions is not looked at here."""
    text = re.sub(r"\{% block theme %\}system", "", template.read_text())
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("template", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_a_template_says_nothing_by_itself(template: Path) -> None:
    said = [words for words in words_of(source_of(template)) if letters_in(words)]
    assert not said, "write it as {{ _(...) }}"


@pytest.mark.parametrize("template", sorted(TEMPLATES.iterdir()), ids=lambda path: path.name)
def test_no_expression_of_a_template_says_anything_either(template: Path) -> None:
    tree = jinja2.Environment().parse(template.read_text())
    said = [each for each in plain_constants(tree) if re.match(r"[A-Z][a-z]", each)]
    assert not said, "write it as _(...)"


def plain_constants(node: nodes.Node) -> Iterator[str]:
    """Texts in expressions that no translation is asked for."""
    match node:
        case nodes.Call(node=nodes.Name(name=name)) if name in SAID_BY:
            return
        case nodes.Const(value=str(value)):
            yield value
    for child in node.iter_child_nodes():
        yield from plain_constants(child)


def test_there_is_a_catalogue_for_each_language() -> None:
    assert set(FILES) == {"ko", "ja", "de"}


@pytest.mark.parametrize("code", FILES)
def test_a_catalogue_has_all_that_is_said(code: str) -> None:
    assert ids(SAID) - ids(catalogues.read(FILES[code])) == set(), "run scripts/catalogues.py"


@pytest.mark.parametrize("code", FILES)
def test_every_sentence_is_translated(code: str) -> None:
    assert [message.id for message in catalogues.missing(catalogues.read(FILES[code]))] == []


@pytest.mark.parametrize("code", FILES)
def test_a_translation_holds_what_the_sentence_holds(code: str) -> None:
    wrong = []
    for message in catalogues.read(FILES[code]):
        if message.id and not is_filled_alike(message):
            wrong.append(message.id)
    assert not wrong


def is_filled_alike(message: Message) -> bool:
    """Each form has all that the English one has; that for one may leave out the number."""
    if isinstance(message.id, str):
        return placeholders(message.string) == placeholders(message.id)
    one, many = (placeholders(each) for each in message.id)
    *few, last = (placeholders(each) for each in message.string)
    return last - {"%(num)s"} == many - {"%(num)s"} and all(each <= one | many for each in few)


def placeholders(text: str) -> set[str]:
    assert "%" not in PLACEHOLDER.sub("", text), f"a lone percent sign: {text}"
    return set(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("code", FILES)
def test_there_are_as_many_forms_as_the_language_has(code: str) -> None:
    catalog = catalogues.read(FILES[code])
    assert catalog.num_plurals == (2 if code == "de" else 1)
    forms = {len(m.string) for m in catalog if m.id and not isinstance(m.id, str)}
    assert forms == {catalog.num_plurals}


@pytest.mark.parametrize("code", FILES)
def test_a_translation_is_in_its_language(code: str) -> None:
    same = {
        str(message.id)
        for message in catalogues.read(FILES[code])
        if message.id == message.string and letters_in(PLACEHOLDER.sub("", str(message.id)))
    }
    assert same <= NAMES


@pytest.mark.parametrize("code", FILES)
def test_no_sentence_could_be_taken_for_html(code: str) -> None:
    # Templates write them out as they are.
    for message in filter(lambda each: each.id, catalogues.read(FILES[code])):
        assert not re.search("[<>&]", f"{message.id} {message.string}"), message.id


def test_german_says_sie() -> None:
    said = " ".join(str(message.string) for message in catalogues.read(FILES["de"]))
    assert not re.findall(r"\b(?:du|dich|dir|dein\w*)\b", said, flags=re.IGNORECASE)


def test_errors_that_people_meet_can_be_said_in_their_language() -> None:
    plain = [
        f"{path.relative_to(ROOT / 'appliance')}:{node.lineno}"
        for path in sorted((ROOT / "appliance").rglob("*.py"))
        if not str(path.relative_to(ROOT / "appliance")).startswith(PROGRAMS_ONLY)
        for node in raised_with_plain_text(ast.parse(path.read_text()))
    ]
    assert plain == [], "write the sentence as say(...)"


def raised_with_plain_text(tree: ast.Module) -> Iterator[ast.expr]:
    texts = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[first, *_])) if is_ours(name):
                name = first.id if isinstance(first, ast.Name) else ""
                value = texts.get(name) if name else first
                if isinstance(value, ast.JoinedStr | ast.Constant) and name not in TO_KEYS:
                    yield first


def is_ours(name: str) -> bool:
    kind = getattr(errors, name, None)
    return isinstance(kind, type) and issubclass(kind, errors.ApplianceError)


def ids(catalog: Catalog) -> set[tuple[str | None, object]]:
    return {(m.context, m.id if isinstance(m.id, str) else m.id[0]) for m in catalog if m.id}
