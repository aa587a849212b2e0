"""A furnished site with partner keys, and a caller that speaks JSON to it."""

import itertools
import json
from collections.abc import Collection, Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client

from jusha.api.edge import RATES
from jusha.api.keys import make_key
from jusha.api.models import ApiKey
from jusha.oversight.facts import facts_of
from jusha.projects import queries as projects
from tests.web.conftest import Site, site

__all__ = ["site"]

ALL = ("orders", "refunds", "webhooks", "charity")
JSON = "application/json"


def shown_facts(code: str) -> str:
    """The version of a project's facts, as an app shows them to its donor before ordering."""
    page, fund = projects.find(code), projects.fund(code)
    return facts_of(page, fund).version if page and fund else "0" * 12


class Caller:
    """Somebody with a key, or without one."""

    def __init__(self, whole: str = "", row: ApiKey | None = None) -> None:
        self.client = Client()
        self.whole, self.row = whole, row
        self._names = itertools.count(1)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.whole}"} if self.whole else {}

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=self.headers | headers)

    def post(self, path: str, body: Any = None, *, name: str = "", **headers: str) -> Any:
        told = {"idempotency-key": name or f"test-{id(self)}-{next(self._names)}"}
        if path == "orders" and isinstance(body, dict):
            body = {"facts": shown_facts(body.get("project", ""))} | body
        raw = b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            "POST",
            f"/api/v1/{path}",
            raw,
            content_type=JSON if body is not None else "",
            headers=self.headers | told | headers,
        )

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1/{path}", headers=self.headers)


class Api:
    """The site, and callers of its API."""

    def __init__(self, site: Site, owner: psycopg.Connection) -> None:
        self.site, self.house = site, site.house
        # Keys are the owner's to write; the tests' Django works as the role web.
        owner.execute("GRANT INSERT, UPDATE ON jusha_apikey TO jusha_web")
        self.anyone = Caller()

    def caller(
        self, scopes: Collection[str] = ALL, charities: Collection[str] = ("shan",)
    ) -> Caller:
        made = make_key(name="App", charity_codes=charities, scopes=scopes, by="li", second="wang")
        return Caller(made.whole, made.row)


@pytest.fixture
def api(site: Site, owner: psycopg.Connection) -> Iterator[Api]:
    """The API of a furnished site; afterwards the books are audited."""
    RATES.clear()
    yield Api(site, owner)
    RATES.clear()
    site.house.settle()
    site.house.check()


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem document of an answer, after checking that it is one."""
    assert answer.status_code == status, answer.content
    assert answer["content-type"] == "application/problem+json"
    told: dict[str, Any] = json.loads(answer.content)
    assert told["type"] == f"urn:jusha:problem:{code}"
    assert told["status"] == status
    assert told["detail"].strip().endswith((".", "time"))
    return told
