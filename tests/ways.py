"""Every route that the application really has, and what it takes."""

from dataclasses import dataclass, fields, is_dataclass
from typing import get_args, get_origin

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.params import KwargDefinition
from litestar.routes import HTTPRoute


@dataclass(frozen=True, slots=True)
class Way:
    """A method and a path, and the handler that it leads to."""

    method: str
    path: str
    handler: HTTPRouteHandler
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def filled(self, ids: dict[str, str]) -> str:
        return self.path.format(**{name: ids[name] for name in self.names})


def ways_of(app: Litestar) -> list[Way]:
    """All but those that only say what there is."""
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        names = tuple(route.path_parameters)
        path = route.path_format
        for handler in route.route_handlers:
            for method in sorted(handler.http_methods - {"OPTIONS"}):
                found.append(Way(str(method), path, handler, names))
    return found


def queries(handler: HTTPRouteHandler) -> set[str]:
    """Names in the query that the handler takes."""
    found = set()
    for name, parameter in handler.parsed_fn_signature.parameters.items():
        for mark in parameter.metadata:
            if type(mark).__name__ == "QueryParameter":
                found.add(mark.name or name)
        kwarg = parameter.kwarg_definition
        if isinstance(kwarg, KwargDefinition) and getattr(kwarg, "query", None):
            found.add(kwarg.query)
    return found


def fields_of_form(handler: HTTPRouteHandler) -> set[str]:
    """Names in the form that the handler takes."""
    data = handler.parsed_fn_signature.parameters.get("data")
    if data is None:
        return set()
    kinds = [data.annotation, *get_args(data.annotation), get_origin(data.annotation)]
    (form,) = [kind for kind in kinds if isinstance(kind, type) and is_dataclass(kind)]
    return {field.name for field in fields(form)}
