"""The templates in every language of the page, and which one a request gets.

Each language has an environment of its own, so that what a template says is settled when it is
filled and nothing has to be carried about. What views hold as `Words` is put into the language when
it is written out, and so are the values of `_()`.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateEngineProtocol
from markupsafe import Markup

from appliance.languages.language import Language
from appliance.languages.languages import Languages
from appliance.paths import TEMPLATES
from appliance.rendering.code import COPY, COPY_BUTTON
from appliance.sentences import Words, value_in

COOKIE = "language"


class SpokenTemplate:
    """A template that is filled in the language of the request that it is filled for."""

    def __init__(self, engines: "SpokenTemplates", name: str) -> None:
        self._engines = engines
        self._name = name

    def render(self, *args: Any, **context: Any) -> str:
        language = self._engines.language_of(context["request"])
        template = self._engines.in_language(language).get_template(self._name)
        return template.render(*args, **context)


class SpokenTemplates(TemplateEngineProtocol[SpokenTemplate, Mapping[str, Any]]):
    """Makes an environment for each language, once."""

    def __init__(self, languages: Languages) -> None:
        self.languages = languages
        self._engines = {
            each.code: JinjaTemplateEngine.from_environment(_environment(each, languages))
            for each in languages
        }

    def get_template(self, template_name: str) -> SpokenTemplate:
        return SpokenTemplate(self, template_name)

    def language_of(self, request: Request[Any, Any, Any]) -> Language:
        """The reader's own choice, else what the browser asks for, else English."""
        chosen = request.cookies.get(COOKIE, "")
        return self.languages.best(chosen, request.headers.get("accept-language", ""))

    def in_language(self, language: Language) -> JinjaTemplateEngine:
        """The templates that are filled in it."""
        return self._engines[language.code]

    def register_template_callable(self, key: str, template_callable: Any) -> None:
        for each in self._engines.values():
            each.register_template_callable(key, template_callable)

    def render_string(self, template_string: str, context: Mapping[str, Any]) -> str:
        engine = self.in_language(self.language_of(context["request"]))
        return engine.render_string(template_string, context)


def _environment(language: Language, languages: Languages) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        finalize=lambda value: value.said_in(language) if isinstance(value, Words) else value,
    )

    def text(message: str, /, **values: object) -> Markup:
        return _filled(language.text(message), values, language)

    def counted(one: str, many: str, num: int, /, **values: object) -> Markup:
        return _filled(language.counted(one, many, num), {"num": num, **values}, language)

    def in_context(context: str, message: str, /, **values: object) -> Markup:
        return _filled(language.in_context(context, message), values, language)

    environment.globals |= {"_": text, "gettext": text, "ngettext": counted, "pgettext": in_context}
    environment.globals |= {"language": language.code, "languages": tuple(languages)}
    # What the button of a code block says is the page's, not the reply's.
    environment.filters["with_copy_button"] = _with_copy_button
    return environment


def _with_copy_button(html: str, label: Markup) -> str:
    return html.replace(COPY_BUTTON, COPY_BUTTON.replace(COPY, label))


def _filled(message: str, values: Mapping[str, object], language: Language) -> Markup:
    """Our own words are taken as they are; what is put into them is escaped."""
    return Markup(message) % {name: value_in(each, language) for name, each in values.items()}
