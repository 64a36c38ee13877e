"""A Jinja environment in which a chat template can neither reach anything nor take long.

jinja2's own sandbox keeps a template away from Python's inside, but not from the processor:
`10**(10**8)`, or a text doubled in a loop, stops the whole process. So here the syntax tree is
looked at first (`template_look.py`); loops, calls, joins and container literals are counted while
the template runs, and the count is small; and no value grows beyond MAX_TEXT_CHARS or
MAX_VALUE_PARTS, checked before it is made.

One render at a time: the counts belong to the environment.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NoReturn

from jinja2 import nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.filters import FILTERS
from jinja2.parser import Parser
from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from appliance.engine.template_look import PLAIN_FILTERS, CountedTree, look

MAX_SOURCE_CHARS = 65_536
MAX_TEXT_CHARS = 65_536
MAX_VALUE_PARTS = 20_000
MAX_NUMBER = 2**53
MAX_STEPS = 200_000
MAX_OUTPUT_CHARS = 2_000_000
MAX_CPU_SECONDS = 2.0

_METHOD_NAMES = """
    capitalize count endswith find get index isalnum isalpha isdigit islower isspace isupper
    items join keys lower lstrip partition removeprefix removesuffix replace rfind rpartition
    rsplit rstrip split splitlines startswith strip title upper values
"""
_METHODS = frozenset(_METHOD_NAMES.split())


class TemplateRaised(Exception):
    """The template itself refused the conversation by `raise_exception`."""


class GenerationTag(Extension):
    """Transformers' `{% generation %}` marks what a model wrote, for training; we need the body."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """Set up the way transformers does, so that templates written for it render the same."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            # Folding constants would run a template's expressions before they are bounded.
            optimized=False,
            finalize=_printed,
            extensions=[loopcontrols, GenerationTag],
        )
        self.filters = {name: FILTERS[name] for name in PLAIN_FILTERS} | {
            "join": self._join,
            "list": lambda value: self._weighed(self._counted(value)),
            "replace": self._replace,
            "tojson": self._tojson,
            "_counted": self._counted,
            "_joined": lambda parts: self._join(parts),
            "_weighed": self._weighed,
        }
        self._callables: tuple[object, ...] = (_range, dict, Namespace, _raise, _strftime_now)
        self.globals = {
            "range": _range,
            "dict": dict,
            "namespace": Namespace,
            "raise_exception": _raise,
            "strftime_now": _strftime_now,
        }
        self._steps = 0
        self._deadline = 0.0

    def compile_bounded(self, source: str) -> Callable[[Mapping[str, Any]], str]:
        """A function that renders `source`; SecurityError if that would not be bounded."""
        if len(source) > MAX_SOURCE_CHARS:
            raise SecurityError("it is longer than any chat template")
        tree = self.parse(source)
        look(tree)
        CountedTree(self).visit(tree)
        template = self.from_string(tree)

        def render(values: Mapping[str, Any]) -> str:
            self._steps = 0
            self._deadline = time.thread_time() + MAX_CPU_SECONDS
            return "".join(self._capped(template.generate(**values)))

        return render

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Count the call, allow only what chat templates use, and weigh what it gives."""
        self._spend(1)
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, (str, list, tuple, dict)):
            name = obj.__name__
            if name not in _METHODS:
                raise SecurityError(f"it calls .{name}()")
            if name == "replace":
                return self._replace(owner, *args, **kwargs)
            if name == "join":
                return self._join(args[0], str(owner))
        elif not isinstance(obj, Macro) and not isinstance(owner, LoopContext):
            self._check_callable(obj)
        return self._weighed(super().call(context, obj, *args, **kwargs))

    def _check_callable(self, obj: Any) -> None:
        if not any(obj is allowed for allowed in self._callables):
            raise SecurityError("it calls something that is not for templates")

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse the operators that repeat or print without end, and bound the others."""
        texts = [side for side in (left, right) if not isinstance(side, (int, float))]
        if operator == "+":
            if len(texts) == 2:
                _check_chars(sum(len(side) for side in texts if isinstance(side, str)))
        elif operator == "**" or texts:
            raise SecurityError(f"it uses {operator} on what is not a plain number")
        return self._weighed(super().call_binop(context, operator, left, right))

    def concat(self, parts: Iterable[str]) -> str:
        """How macros and `{% set %}` blocks put their text together."""
        return self._join(parts)

    def _capped(self, pieces: Iterable[str]) -> Iterator[str]:
        chars = 0
        for piece in pieces:
            chars += len(piece)
            if chars > MAX_OUTPUT_CHARS:
                raise SecurityError("it writes without end")
            self._spend(1)
            yield piece

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS or time.thread_time() > self._deadline:
            raise SecurityError("it takes too many steps")

    def _counted(self, values: Iterable[Any]) -> list[Any]:
        counted = list(islice(values, MAX_STEPS + 1))
        self._spend(len(counted))
        return counted

    def _weighed(self, value: Any) -> Any:
        if isinstance(value, (str, list, tuple, dict)):
            self._spend(_parts_of(value))
        elif isinstance(value, int) and abs(value) > MAX_NUMBER:
            raise SecurityError("it makes a number that is too large")
        return value

    def _join(self, parts: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
        if attribute is not None:
            parts = [self.getitem(part, attribute) for part in self._counted(parts)]
        texts = [str(part) for part in self._counted(parts)]
        _check_chars(sum(map(len, texts)) + len(str(separator)) * len(texts))
        return str(separator).join(texts)

    def _replace(self, value: Any, old: str, new: str, count: int | None = None) -> str:
        text, old, new = str(value), str(old), str(new)
        _check_chars(len(text) + text.count(old) * len(new))
        return text.replace(old, new, -1 if count is None else count)

    def _tojson(self, value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
        if indent is not None and indent > 8:
            raise SecurityError("it indents too far")
        return json.dumps(self._weighed(value), ensure_ascii=ensure_ascii, indent=indent)


def _parts_of(value: Any) -> int:
    """How many parts a value has, those of its parts included; SecurityError beyond the limit."""
    parts, chars, pending = 0, 0, [value]
    while pending:
        part = pending.pop()
        parts += 1
        if isinstance(part, str):
            chars += len(part)
        elif isinstance(part, (list, tuple)):
            pending += part
        elif isinstance(part, dict):
            pending += part.values()
        if parts + len(pending) > MAX_VALUE_PARTS:
            raise SecurityError("it makes a value that is too large")
    _check_chars(chars)
    return parts


def _check_chars(chars: int) -> None:
    if chars > MAX_TEXT_CHARS:
        raise SecurityError("it makes a text that is too long")


@pass_context
def _printed(context: Context, value: Any) -> Any:
    # Asking for the context keeps jinja2 from evaluating constant output while it compiles.
    return value


def _range(*bounds: int) -> range:
    steps = range(*bounds)
    if len(steps) > MAX_VALUE_PARTS:
        raise SecurityError("it counts too far")
    return steps


def _raise(message: object = "") -> NoReturn:
    raise TemplateRaised(str(message))


def _strftime_now(form: object = "") -> str:
    # A fixed day: the same conversation must give the same tokens tomorrow, or none is reused.
    return "26 Jul 2024"
