"""The endpoints as django-ninja has them: it reads parameters and bodies and checks answers."""

from functools import cache
from typing import Any, Final

import msgspec
from django.http import HttpRequest
from django.urls import URLResolver
from django.urls.resolvers import RegexPattern
from ninja import NinjaAPI
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from jusha.api.endpoints import ENDPOINTS, Endpoint

TITLE: Final = "Jusha 聚沙"
VERSION: Final = "1.0.0"


class Renderer(BaseRenderer):
    """JSON in UTF-8, the same bytes for the same answer."""

    media_type = "application/json"
    charset = "utf-8"

    def render(self, _request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ARG002 - ninja's word
        """Write the answer."""
        return msgspec.json.encode(data)


class ReadAlready(Parser):
    """The edge has read the body, strictly."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Hand it on."""
        return request.api_body  # type: ignore[attr-defined] # an ApiRequest


def _raise(_request: HttpRequest, error: Any) -> Any:
    """Errors are told by the edge alone."""
    raise error


def _build() -> NinjaAPI:
    api = NinjaAPI(
        title=TITLE,
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        urls_namespace="api",
        renderer=Renderer(),
        parser=ReadAlready(),
    )
    for error in [*api._exception_handlers]:  # noqa: SLF001 - each of its defaults is replaced
        api.add_exception_handler(error, _raise)
    for each in ENDPOINTS:
        _add(api, each)
    return api


def _add(api: NinjaAPI, endpoint: Endpoint) -> None:
    api.api_operation(
        [endpoint.method],
        f"/{endpoint.path}",
        response={endpoint.status: endpoint.shape},
        operation_id=endpoint.name,
        summary=(endpoint.verb.__doc__ or "").split("\n")[0],
        tags=[endpoint.tag],
    )(endpoint.verb)


API: Final = _build()
RESOLVER: Final = URLResolver(RegexPattern(r"^/"), API.urls[0])


@cache
def queries_of(path: str, method: str) -> frozenset[str]:
    """Names of the parameters that an endpoint takes in the query."""
    operation = described()["paths"][f"/{path}"][method.lower()]
    return frozenset(each["name"] for each in operation["parameters"] if each["in"] == "query")


@cache
def described() -> dict[str, Any]:
    """The document as django-ninja writes it."""
    return dict(API.get_openapi_schema(path_prefix=""))
