"""The one view under /api/v1/: everything is judged here, and nothing leaves it but as promised.

In this order: address, method, the caller's limits, key, scope, parameters, body, and then the
verb. Whatever is raised on the way becomes a problem document, ours and the framework's alike.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, cast

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.urls.exceptions import Resolver404
from django.utils.cache import get_conditional_response
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import HttpError, ValidationError

from jusha.api import problems
from jusha.api.asked import ApiRequest
from jusha.api.document import document
from jusha.api.endpoints import A_MINUTE, PREFIX, Endpoint, of_path
from jusha.api.idempotency import Kept, once
from jusha.api.keys import find_key
from jusha.api.models import ApiKey
from jusha.api.problems import RefusedError, Wrong
from jusha.api.rates import (
    BY_ADDRESS,
    BY_KEY,
    BY_KEY_WRITES,
    BY_REFUSALS,
    Policy,
    Rates,
    Standing,
    address,
)
from jusha.api.rules import Scope
from jusha.api.site import RESOLVER, queries_of

BODY_MAX: Final = 16_384
TAG_CHARACTERS: Final = 32
IDEMPOTENCY: Final = re.compile(r'"?([\x21\x23-\x5b\x5d-\x7e]{8,255})"?', re.ASCII)
JSON_TYPE: Final = re.compile(
    r'application/json(?:\s*;\s*charset="?utf-8"?)?', re.IGNORECASE | re.ASCII
)
LENGTH: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
OPEN_TO_ALL: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, RateLimit, RateLimit-Policy, Retry-After",
}
READS: Final = frozenset({"GET", "HEAD"})
RATES: Final = Rates()

log = structlog.get_logger("api")


def read_document(_request: HttpRequest) -> HttpResponse:
    """Read this document."""
    return HttpResponse(document(), content_type="application/json")


DOCUMENT: Final = Endpoint("GET", "openapi.json", read_document, None, keeps=A_MINUTE)


@csrf_exempt
def serve(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Answer one request under /api/v1/."""
    standings: list[Standing] = []
    endpoint: Endpoint | None = None
    try:
        path, found, arguments = _find(rest)
        endpoint = _method(request, found)
        if request.method == "OPTIONS":
            return _allow(found)
        _count(standings, BY_ADDRESS, _address(request))
        asked = cast("ApiRequest", request)
        asked.api_key = _key(request, endpoint, standings)
        _check_query(request, path, endpoint)
        answer = _answer(asked, endpoint, arguments)
    except Exception as error:  # noqa: BLE001 - every error is told as a problem
        answer = _problem(request, error)
    return _dressed(request, answer, endpoint, standings)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Tell what Django refuses before any view is asked, such as a host that is not ours."""
    if request.path.startswith(PREFIX):
        return _problem(request, RefusedError(problems.MALFORMED))
    return defaults.bad_request(request, exception)


def _find(rest: str) -> tuple[str, dict[str, Endpoint], Mapping[str, Any]]:
    """The address's path, its endpoints by method, and the parts of the path."""
    if rest == DOCUMENT.path:
        return rest, {"GET": DOCUMENT}, {"view": DOCUMENT.verb}
    try:
        match = RESOLVER.resolve(f"/{rest}")
    except Resolver404 as error:
        raise RefusedError(problems.NOT_FOUND) from error
    path = re.sub(r"<(\w+)>", r"{\1}", str(match.route).lstrip("^/"))
    return path, of_path(path), match.kwargs | {"view": match.func}


def _method(request: HttpRequest, found: Mapping[str, Endpoint]) -> Endpoint | None:
    method = "GET" if request.method == "HEAD" else str(request.method)
    if method == "OPTIONS":
        return None
    if method not in found:
        raise RefusedError(problems.WRONG_METHOD, headers={"Allow": _methods(found)})
    return found[method]


def _methods(found: Mapping[str, Endpoint]) -> str:
    both = {"GET": ("GET", "HEAD")}
    return ", ".join([*(m for each in found for m in both.get(each, (each,))), "OPTIONS"])


def _allow(found: Mapping[str, Endpoint]) -> HttpResponse:
    """What a browser asks before it reads from another site: public reads are open to it."""
    answer = HttpResponse(status=HTTPStatus.NO_CONTENT, headers={"Allow": _methods(found)})
    if "GET" in found and found["GET"].is_public:
        answer["Access-Control-Allow-Origin"] = "*"
        answer["Access-Control-Allow-Methods"] = "GET, HEAD"
        answer["Access-Control-Allow-Headers"] = "If-None-Match"
        answer["Access-Control-Max-Age"] = "86400"
    return answer


def _address(request: HttpRequest) -> bytes:
    return address(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)


def _count(standings: list[Standing], policy: Policy, name: bytes) -> None:
    """Count the request under a policy. Raises RefusedError when it is used up."""
    standing = RATES.take(policy, name)
    standings.append(standing)
    if not standing.allowed:
        raise RefusedError(problems.TOO_FAST, headers={"Retry-After": str(standing.seconds)})


def _key(
    request: HttpRequest, endpoint: Endpoint | None, standings: list[Standing]
) -> ApiKey | None:
    """The caller's key, which must hold if there is one. Raises RefusedError."""
    assert endpoint is not None
    told = request.headers.get("Authorization", "")
    if not told and endpoint.is_public:
        return None
    if told and not (left := RATES.take(BY_REFUSALS, _address(request), cost=0)).allowed:
        standings.append(left)
        raise RefusedError(problems.TOO_FAST, headers={"Retry-After": str(left.seconds)})
    scheme, _, whole = told.partition(" ")
    key = find_key(whole.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        if told:
            RATES.take(BY_REFUSALS, _address(request))
        challenge = {"WWW-Authenticate": 'Bearer realm="jusha"'}
        raise RefusedError(problems.UNAUTHENTIC, headers=challenge)
    _count(standings, BY_KEY, key.public.encode())
    if request.method not in READS:
        _count(standings, BY_KEY_WRITES, key.public.encode())
    if endpoint.scope and endpoint.scope not in key.scopes:
        raise RefusedError(problems.FORBIDDEN, f"this key lacks the scope {Scope(endpoint.scope)}")
    return key


def _check_query(request: HttpRequest, path: str, endpoint: Endpoint | None) -> None:
    """Refuse parameters that are unknown or there twice (ASVS 15.3.7)."""
    assert endpoint is not None
    known = queries_of(path, endpoint.method) if endpoint is not DOCUMENT else frozenset()
    errors = [
        Wrong(f"query/{name[:40]}", "is not known" if name not in known else "stands there twice")
        for name, values in request.GET.lists()
        if name not in known or len(values) > 1
    ]
    if errors:
        raise RefusedError(problems.UNREADABLE, errors=errors[:20])


def _answer(
    request: ApiRequest, endpoint: Endpoint | None, arguments: Mapping[str, Any]
) -> HttpResponseBase:
    assert endpoint is not None
    told = dict(arguments)
    view = told.pop("view")
    if endpoint.method != "POST":
        return _call(request, view, told)
    name, raw = _idempotency_key(request), _body(request, endpoint)
    assert request.api_key is not None

    def work() -> Kept:
        done = cast("HttpResponse", _call(request, view, told))
        return Kept(done.status_code, done.content)

    asked = f"{request.method} {request.path}\n".encode() + raw
    kept = once(request.api_key, name, asked=asked, now=datetime.now(UTC), work=work)
    answer = HttpResponse(kept.body, status=kept.status, content_type="application/json")
    if kept.repeated:
        answer["Idempotency-Replayed"] = "true"
    return answer


def _call(request: ApiRequest, view: Any, arguments: Mapping[str, Any]) -> HttpResponseBase:
    """Let the framework read the parameters, call the verb and check its answer."""
    method, request.method = request.method, "GET" if request.method == "HEAD" else request.method
    try:
        return cast("HttpResponseBase", view(request, **arguments))
    finally:
        request.method = method


def _idempotency_key(request: HttpRequest) -> str:
    found = IDEMPOTENCY.fullmatch(request.headers.get("Idempotency-Key", ""))
    if found is None:
        raise RefusedError(problems.KEY_NEEDED)
    return found[1]


def _body(request: ApiRequest, endpoint: Endpoint) -> bytes:
    """Read the body, at most BODY_MAX bytes of strict JSON. Raises RefusedError."""
    told = request.META.get("CONTENT_LENGTH") or ""
    has_body = problems.LENGTH_REQUIRED in endpoint.refuses
    if request.META.get("HTTP_TRANSFER_ENCODING") or (has_body and not LENGTH.fullmatch(told)):
        raise RefusedError(problems.LENGTH_REQUIRED)
    if told and (not LENGTH.fullmatch(told) or int(told) > BODY_MAX):
        raise RefusedError(problems.TOO_LARGE)
    raw = request.body
    if not has_body:
        if raw not in {b"", b"{}"}:
            raise RefusedError(problems.MALFORMED, "this address takes no body")
        return raw
    if not JSON_TYPE.fullmatch(request.META.get("CONTENT_TYPE", "")):
        raise RefusedError(problems.WRONG_TYPE)
    try:
        request.api_body = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as error:
        raise RefusedError(problems.MALFORMED) from error
    return raw


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _problem(request: HttpRequest, error: Exception) -> HttpResponse:
    """What is told of an error; what nobody expected is written to our log, not to the caller."""
    refused = _as_refusal(error)
    if refused.problem is problems.INTERNAL:
        log.error("failed", path=request.path[:80], exc_info=error)
    elif refused.problem is problems.UNSURE:
        log.warning("database_away", error=str(error).strip())
    body = problems.body(refused.problem, refused.detail, errors=refused.errors)
    answer = HttpResponse(body, status=refused.problem.status, content_type=problems.TYPE)
    for name, value in refused.headers.items():
        answer[name] = value
    return answer


def _as_refusal(error: Exception) -> RefusedError:
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, ValidationError):
        errors = [
            Wrong("/".join(map(str, each["loc"]))[:200], str(each["msg"])[:200])
            for each in error.errors[:20]
        ]
        return RefusedError(problems.UNREADABLE, errors=errors)
    if isinstance(error, RequestDataTooBig):
        return RefusedError(problems.TOO_LARGE)
    if isinstance(error, HttpError | SuspiciousOperation | UnreadablePostError):
        return RefusedError(problems.MALFORMED)
    if isinstance(error, OperationalError | InterfaceError):
        return RefusedError(problems.UNSURE, headers={"Retry-After": "1"})
    return RefusedError(problems.INTERNAL)


def _dressed(
    request: HttpRequest,
    answer: HttpResponseBase,
    endpoint: Endpoint | None,
    standings: list[Standing],
) -> HttpResponseBase:
    """Add what every answer carries: limits, caching, who may read it from another site."""
    is_read = endpoint is not None and endpoint.is_public
    if is_read and answer.status_code == HTTPStatus.OK and isinstance(answer, HttpResponse):
        assert endpoint is not None
        answer["Cache-Control"] = endpoint.keeps
        answer["ETag"] = f'"{hashlib.sha256(answer.content).hexdigest()[:TAG_CHARACTERS]}"'
        tagged = get_conditional_response(request, etag=answer["ETag"], response=answer)
        answer = tagged or answer
    else:
        answer["Cache-Control"] = "no-store"
    if standings:
        answer["RateLimit-Policy"] = ", ".join(each.policy.header for each in standings)
        answer["RateLimit"] = ", ".join(each.header for each in standings)
    answer["Link"] = f'<{PREFIX}{DOCUMENT.path}>; rel="service-desc"'
    if is_read:
        for name, value in OPEN_TO_ALL.items():
            answer[name] = value
    return answer
