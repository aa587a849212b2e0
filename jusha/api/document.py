"""The OpenAPI 3.1 document: what django-ninja reads off the code, and what it cannot know.

That is: the problems, headers, keys, links between operations and examples. All of it comes from
the same rows as the answers (endpoints.py, problems.py, rates.py).
"""

from copy import deepcopy
from functools import cache
from typing import Any, Final

import msgspec
from pydantic import TypeAdapter

from jusha.api import problems
from jusha.api.endpoints import ENDPOINTS, PREFIX, Endpoint
from jusha.api.problems import ANYWHERE, Problem
from jusha.api.rates import POLICIES
from jusha.api.rules import Scope
from jusha.api.shapes import ProblemShape
from jusha.api.site import TITLE, VERSION, described

ABOUT: Final = """\
Public reads need no key. Amounts are integers of the asset's smallest unit (fen for CNY). Every
refusal is a problem document (RFC 9457) that says what happened, what is safe and what to do next.
A POST needs an Idempotency-Key: the same key with the same body gets the first one's answer for 24
hours. Limits stand in RateLimit-Policy and RateLimit. How to use it: docs/api.md."""
EXAMPLES: Final[dict[str, Any]] = {
    "code": "qing-books",
    "charity": "qing",
    "cursor": "cWluZy1ib29rcw",
    "limit": 20,
    "deeds": "0",
    "orders": "202611230000000001",
    "webhook": "wh_0123456789abcdef",
    "room": "17",
}
LINKS: Final[dict[str, dict[str, Any]]] = {
    "list_projects": {
        "project": ("read_project", {"code": "$response.body#/items/0/code"}),
        "next": ("list_projects", {"cursor": "$response.body#/next"}),
    },
    "list_charities": {
        "charity": ("read_charity", {"code": "$response.body#/items/0/code"}),
        "projects": ("list_projects", {"charity": "$response.body#/items/0/code"}),
    },
    "list_campaigns": {"campaign": ("read_campaign", {"code": "$response.body#/items/0/code"})},
    "read_deed": {"proof": ("read_proof", {"number": "$request.path.number"})},
    "create_order": {
        "order": ("read_order", {"number": "$response.body#/no"}),
        "refund": ("create_refund_request", {"number": "$response.body#/no"}),
        "erasure": ("erase_order", {"number": "$response.body#/no"}),
    },
    "create_room": {"end": ("end_room", {"room": "$response.body#/id"})},
    "create_webhook": {
        "webhook": ("read_webhook", {"webhook": "$response.body#/id"}),
        "resume": ("resume_webhook", {"webhook": "$response.body#/id"}),
        "secret": ("rotate_secret", {"webhook": "$response.body#/id"}),
        "delete": ("delete_webhook", {"webhook": "$response.body#/id"}),
    },
}
PROBLEM: Final = "Problem"
KEY: Final = "key"
TEXT: Final = {"type": "string"}


@cache
def document() -> bytes:
    """The document as bytes."""
    return msgspec.json.encode(openapi())


@cache
def openapi() -> dict[str, Any]:
    """The document as a mapping; nobody changes it."""
    told = deepcopy(described())
    for endpoint in ENDPOINTS:
        _complete(told["paths"][f"/{endpoint.path}"][endpoint.method.lower()], endpoint)
    schemas = told["components"].setdefault("schemas", {})
    shape = TypeAdapter(ProblemShape).json_schema(ref_template="#/components/schemas/{model}")
    schemas |= shape.pop("$defs", {})
    schemas[PROBLEM] = shape
    told["components"] |= {
        "securitySchemes": {KEY: {"type": "http", "scheme": "bearer", "description": _scopes()}},
        "headers": _headers(),
        "responses": {each.code: _refusal(each) for each in problems.PROBLEMS},
    }
    info: dict[str, Any] = {"title": TITLE, "version": VERSION, "description": ABOUT}
    info |= {"license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}}
    return told | {
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": PREFIX.rstrip("/")}],
        "tags": [{"name": name} for name in ("read", "orders", "webhooks")],
    }


def _complete(operation: dict[str, Any], endpoint: Endpoint) -> None:
    """Put to an operation what every one of its kind has."""
    for each in operation["parameters"]:
        each.pop("examples", None)
        name = each["name"]
        if name == "number":
            name = endpoint.path.partition("/")[0]
        each["example"] = EXAMPLES[name]
    if endpoint.is_public:
        operation["parameters"].append(
            _parameter("If-None-Match", "the ETag that you have", required=False)
        )
        operation["security"] = [{}, {KEY: []}]
    else:
        operation["security"] = [{KEY: []}]
        operation["description"] = f"Needs a key with the scope `{endpoint.scope}`."
    if endpoint.method == "POST":
        operation["parameters"].append(
            _parameter("Idempotency-Key", "new and random; again with each repeat", required=True)
        )
    _complete_answers(operation["responses"], endpoint)


def _complete_answers(answers: dict[Any, Any], endpoint: Endpoint) -> None:
    right = answers.pop(endpoint.status)
    answers.clear()
    right["headers"] = {name: _ref("headers", name) for name in ("RateLimit", "RateLimit-Policy")}
    if endpoint.name == "read_proof":
        right["content"] = {"text/plain": {"schema": TEXT}}
    if endpoint.is_public:
        right["headers"]["ETag"] = _ref("headers", "ETag")
        answers["304"] = {"description": "It is as you have it."}
    if links := LINKS.get(endpoint.name):
        right["links"] = {
            name: {"operationId": to, "parameters": values} for name, (to, values) in links.items()
        }
    answers[str(endpoint.status)] = right
    refuses: dict[int, list[Problem]] = {}
    for each in sorted({*ANYWHERE, *endpoint.refuses}):
        refuses.setdefault(each.status, []).append(each)
    for status, several in refuses.items():
        answers[str(status)] = _several(several)


def _several(found: list[Problem]) -> dict[str, Any]:
    """One status, for which an OpenAPI document has one answer."""
    if len(found) == 1:
        return _ref("responses", found[0].code)
    told = _refusal(found[0])
    told["description"] = " / ".join(each.title for each in found)
    examples = {each.code: {"value": problems.document(each)} for each in found}
    told["content"][problems.TYPE] = {"schema": _ref("schemas", PROBLEM), "examples": examples}
    return told


def _refusal(problem: Problem) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": problem.title,
        "content": {
            problems.TYPE: {
                "schema": _ref("schemas", PROBLEM),
                "examples": {problem.code: {"value": problems.document(problem)}},
            }
        },
    }
    if problem in {problems.TOO_FAST, problems.UNSURE, problems.IN_FLIGHT}:
        told["headers"] = {"Retry-After": _ref("headers", "Retry-After")}
    return told


def _headers() -> dict[str, Any]:
    policies = ", ".join(each.header for each in POLICIES)
    return {
        "RateLimit-Policy": {
            "description": f"Limits that count here, of: {policies}",
            "schema": TEXT,
        },
        "RateLimit": {"description": "What is left of each, and until when", "schema": TEXT},
        "ETag": {"description": "Changes when the answer does", "schema": TEXT},
        "Retry-After": {
            "description": "Seconds to wait",
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        },
    }


def _parameter(name: str, about: str, *, required: bool) -> dict[str, Any]:
    schema: dict[str, Any] = dict(TEXT)
    if required:
        schema |= {"pattern": "^[!#-Z^-~]{8,255}$", "minLength": 8, "maxLength": 255}
    return {
        "in": "header",
        "name": name,
        "required": required,
        "description": about,
        "schema": schema,
        "example": "5f0c7b1e-6f0e-4c8e-9a53-0d4d5b0a7f11" if required else '"0"',
    }


def _scopes() -> str:
    return f"A key as the operator gave it. Scopes: {', '.join(Scope)}."


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
