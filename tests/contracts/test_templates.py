"""Each template gets exactly its typed dataclass: what it uses exists, and what exists is used."""

import dataclasses
import re
import types
import typing
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta, nodes

from appliance.paths import TEMPLATES
from appliance.routes import (
    account_data,
    admin_data,
    admin_limit_views,
    document_data,
    fact_data,
    factor_data,
    finding_data,
    hour_data,
    key_data,
    message_data,
    own_data,
    page_data,
    seal_data,
    seen_data,
    sharing_data,
    trust_data,
)

# `csrf_token` is the framework's; `icon` is our one macro; the rest are the language's.
EVERYWHERE = {"csrf_token", "icon", "_", "ngettext", "pgettext", "language"}
ENVIRONMENT = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
ENVIRONMENT.filters["with_copy_button"] = str.format  # only its name is looked at
DATACLASSES = [
    each
    for module in (
        page_data,
        message_data,
        seen_data,
        own_data,
        finding_data,
        hour_data,
        account_data,
        fact_data,
        factor_data,
        key_data,
        admin_data,
        admin_limit_views,
        document_data,
        sharing_data,
        trust_data,
        seal_data,
    )
    for each in vars(module).values()
    if dataclasses.is_dataclass(each) and each.__module__ == module.__name__
]
VIEWS = {each.template: each for each in DATACLASSES if hasattr(each, "template")}
# The page of an error is shown by itself, with the view of its fragment.
VIEWS["error.html"] = page_data.ErrorView


def parsed(name: str) -> nodes.Template:
    return ENVIRONMENT.parse((TEMPLATES / name).read_text())


class Uses:
    """Walks a template and follows the types: notes each field used, complains of any other."""

    def __init__(self) -> None:
        self.fields: set[tuple[type, str]] = set()

    def walk(self, node: nodes.Node, known: dict[str, object]) -> None:
        known = dict(known)
        match node:
            case nodes.For(target=nodes.Name(name=name), iter=iterated):
                known[name] = _element_of(self.type_of(iterated, known))
            case nodes.With(targets=targets, values=values):
                for target, value in zip(targets, values, strict=True):
                    known[target.name] = self.type_of(value, known)
            case nodes.Include(template=nodes.Const(value=name)) if name in VIEWS:
                view = VIEWS[name]
                assert known.get(view.variable) is view, f"{name} is included without its view"
            case nodes.Getattr():
                self.type_of(node, known)
        for child in node.iter_child_nodes():
            self.walk(child, known)

    def type_of(self, node: nodes.Node, known: dict[str, object]) -> object:
        """The type of an expression; None where it is no field of ours."""
        match node:
            case nodes.Name(name=name):
                return known.get(name)
            case nodes.Getattr(node=inner, attr=attr):
                owner = _without_none(self.type_of(inner, known))
                assert isinstance(owner, type), f"line {node.lineno}: .{attr} of what?"
                hints = typing.get_type_hints(owner)
                assert attr in hints, f"line {node.lineno}: {owner.__name__} has no {attr}"
                self.fields.add((owner, attr))
                return _without_none(hints[attr])
        return None


def _without_none(kind: object) -> object:
    if isinstance(kind, types.UnionType):
        return next(each for each in kind.__args__ if each is not type(None))
    return kind


def _element_of(kind: object) -> object:
    return typing.get_args(kind)[0] if typing.get_origin(kind) is tuple else None


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_template_uses_its_view_and_no_other_name(name):
    view = VIEWS[name]
    free = meta.find_undeclared_variables(parsed(name))
    assert free - EVERYWHERE == {view.variable}
    Uses().walk(parsed(name), {view.variable: view})


def test_every_field_is_used_by_a_template():
    uses = Uses()
    for name, view in VIEWS.items():
        uses.walk(parsed(name), {view.variable: view})
    fields = {(each, field.name) for each in DATACLASSES for field in dataclasses.fields(each)}
    assert fields - uses.fields == set()


def test_every_template_has_its_view():
    assert {path.name for path in TEMPLATES.iterdir()} == {
        *VIEWS,
        "_icon.html",
        "_language_choice.html",
        "_announce.html",
        "_paper.html",
    }


def test_views_cannot_be_changed_after_they_were_made():
    assert all(each.__dataclass_params__.frozen for each in DATACLASSES)


def test_html_is_trusted_in_one_place_only():
    trusting = [
        path.name
        for path in TEMPLATES.iterdir()
        for found in ENVIRONMENT.parse(path.read_text()).find_all(nodes.Filter)
        if found.name == "safe"
    ]
    assert trusting == ["_block.html"]
    routes = Path(page_data.__file__).parent
    assert not any("Markup(" in path.read_text() for path in routes.glob("*.py"))


def test_templates_have_no_script_or_style_of_their_own():
    for path in TEMPLATES.iterdir():
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", text), path.name
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path.name
