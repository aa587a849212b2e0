"""Everything under /api/v1/ answers as promised, and every refusal is a problem document."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from openapi_spec_validator import validate

from jusha.api import edge, idempotency, queries
from jusha.api.document import openapi
from jusha.api.endpoints import ENDPOINTS
from jusha.api.problems import PROBLEMS
from jusha.api.rates import BY_ADDRESS, BY_KEY_WRITES, BY_REFUSALS
from tests.api.conftest import JSON, Api, problem
from tests.cast import BOOKS

ORDER: dict[str, Any] = {"project": BOOKS, "amount": 100}
DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"


def raw(api: Api, body: bytes, *, kind: str = JSON, **more: Any) -> Any:
    caller = api.caller()
    headers = caller.headers | {"idempotency-key": "raw-body-test"}
    path = "/api/v1/orders"
    return caller.client.generic("POST", path, body, content_type=kind, headers=headers, **more)


BODIES: tuple[tuple[bytes, str, int, str], ...] = (
    (b"{", JSON, 400, "malformed"),
    (b"\xff", JSON, 400, "malformed"),
    (b"", JSON, 411, "length-required"),
    (b'{"amount":NaN}', JSON, 400, "malformed"),
    (b'{"amount":1,"amount":2}', JSON, 400, "malformed"),
    (b"[" * 16_000, JSON, 400, "malformed"),
    (b'{"amount":' + b"9" * 5_000 + b"}", JSON, 400, "malformed"),
    (b"[]", JSON, 422, "unreadable"),
    (b"null", JSON, 422, "unreadable"),
    (b"{}", JSON, 422, "unreadable"),
    (b" " * 16_385, JSON, 413, "too-large"),
    (b"{}", "text/plain", 415, "wrong-type"),
    (b"{}", "application/json; charset=gbk", 415, "wrong-type"),
    (b"a=1", "application/x-www-form-urlencoded", 415, "wrong-type"),
)


def test_a_body_is_read_strictly(api: Api) -> None:
    for body, kind, status, code in BODIES:
        edge.RATES.clear()
        problem(raw(api, body, kind=kind), status, code)


def test_a_body_must_say_how_long_it_is(api: Api) -> None:
    problem(raw(api, b"{}", CONTENT_LENGTH=""), 411, "length-required")
    problem(raw(api, b"{}", HTTP_TRANSFER_ENCODING="chunked"), 411, "length-required")
    problem(raw(api, b"{}", CONTENT_LENGTH="9999999999"), 411, "length-required")


def test_a_post_needs_a_key_of_its_own(api: Api) -> None:
    caller, body = api.caller(), json.dumps(ORDER)
    for name in ("", "short", "x" * 256, "with blank", "中文中文中文中文"):
        headers = caller.headers | ({"idempotency-key": name} if name else {})
        answer = caller.client.post("/api/v1/orders", body, content_type=JSON, headers=headers)
        problem(answer, 400, "idempotency-key-needed")


def test_without_a_key_that_holds_nothing_is_done(api: Api) -> None:
    for told in ("", "Basic abc", "Bearer", "Bearer x", "Bearer jsk_000000000000_" + "A" * 43):
        headers = {"idempotency-key": "no-key-at-all", "authorization": told}
        answer = api.anyone.client.post("/api/v1/orders", "{}", content_type=JSON, headers=headers)
        problem(answer, 401, "unauthentic")
        assert answer["www-authenticate"].startswith("Bearer")


def test_a_key_that_does_not_hold_is_refused_on_public_reads_too(api: Api) -> None:
    answer = api.anyone.get("projects", authorization="Bearer jsk_wrong")
    problem(answer, 401, "unauthentic")


def test_methods_that_are_not_there_are_told_which_are(api: Api) -> None:
    answer = api.anyone.client.put("/api/v1/projects")
    problem(answer, 405, "wrong-method")
    assert answer["allow"] == "GET, HEAD, OPTIONS"
    assert api.anyone.client.options("/api/v1/webhooks")["allow"] == "GET, HEAD, POST, OPTIONS"


def test_what_django_refuses_before_any_view_is_a_problem_too(api: Api) -> None:
    answer = api.anyone.client.get("/api/v1/projects", headers={"host": "evil.example"})
    problem(answer, 400, "malformed")
    page = api.anyone.client.get("/", headers={"host": "evil.example"})
    assert (page.status_code, page["content-type"]) == (400, "text/html; charset=utf-8")


def test_what_nobody_expected_is_a_problem_without_its_words(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(queries, "as_of", fail)
    answer = api.anyone.get("projects")
    problem(answer, 500, "internal")
    assert b"secret" not in answer.content


def test_a_database_that_is_away_is_a_problem_that_asks_for_a_repeat(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object) -> None:
        raise OperationalError

    monkeypatch.setattr(queries, "as_of", away)
    answer = api.anyone.get("projects")
    problem(answer, 503, "unsure")
    assert answer["retry-after"] == "1"


def test_while_the_first_is_at_work_the_second_is_told_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "try_lock", lambda _about: False)
    problem(api.caller().post("orders", ORDER), 409, "in-flight")


def test_limits_are_told_and_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = api.caller()
    answer = caller.post("orders", ORDER)
    assert (
        answer["ratelimit-policy"] == '"address";q=600;w=60, "key";q=600;w=60, "writes";q=120;w=60'
    )
    assert re.fullmatch(
        r'"address";r=599;t=60, "key";r=599;t=60, "writes";r=119;t=60', answer["ratelimit"]
    )
    for _ in range(BY_KEY_WRITES.quota):
        answer = caller.post("orders", {})
    problem(answer, 429, "too-fast")
    assert 1 <= int(answer["retry-after"]) <= 60
    assert caller.get("webhooks").status_code == 200, "reading goes on"
    assert api.caller().post("orders", ORDER).status_code == 201, "and so do others"


def test_an_address_has_a_limit_without_any_key(api: Api) -> None:
    name = edge._address(api.anyone.get("checkpoint").wsgi_request)
    for _ in range(BY_ADDRESS.quota):
        edge.RATES.take(BY_ADDRESS, name)
    answer = api.anyone.get("projects")
    problem(answer, 429, "too-fast")
    assert answer["access-control-allow-origin"] == "*"


def test_whoever_guesses_keys_is_slowed_down(api: Api) -> None:
    for _ in range(BY_REFUSALS.quota):
        problem(api.anyone.get("webhooks", authorization="Bearer jsk_x"), 401, "unauthentic")
    problem(api.anyone.get("webhooks", authorization="Bearer jsk_x"), 429, "too-fast")
    assert api.anyone.get("projects").status_code == 200


def test_the_document_is_openapi_31_and_names_every_endpoint(api: Api) -> None:
    told = api.anyone.get("openapi.json")
    assert told["content-type"] == JSON
    found = told.json()
    validate(found)
    assert found["openapi"] == "3.1.0"
    operations = {(m.upper(), p) for p, ms in found["paths"].items() for m in ms}
    assert operations == {(each.method, f"/{each.path}") for each in ENDPOINTS}
    assert set(found["components"]["responses"]) == {each.code for each in PROBLEMS}


def test_every_operation_names_its_problems_its_limits_and_an_example_for_each_parameter() -> None:
    for path, methods in openapi()["paths"].items():
        for method, told in methods.items():
            assert {"404", "405", "422", "429", "500", "503"} <= set(told["responses"]), path
            assert all("example" in each for each in told["parameters"]), path
            assert ("401" in told["responses"]) == (told["security"] == [{"key": []}]), path
            keyed = any(each["name"] == "Idempotency-Key" for each in told["parameters"])
            assert keyed == (method == "post"), path


def test_the_page_of_problems_is_the_list_in_the_code() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", DOCS.read_text("utf-8"), re.MULTILINE)
    assert sorted((int(status), code) for status, code in rows) == sorted(
        (each.status, each.code) for each in PROBLEMS
    )


@pytest.mark.parametrize("each", PROBLEMS, ids=lambda each: each.code)
def test_every_problem_says_what_is_safe_and_what_to_do(each: Any) -> None:
    safe, _, then = each.detail.partition(". ")
    assert re.match(r"Nothing was done|It may or may not have been done", safe)
    assert then


def test_the_page_in_words_shows_every_address(api: Api) -> None:
    for lang, word in (("zh-hans", "开放接口"), ("en", "")):
        html = api.site.text("/api", lang=lang)
        assert word in html
        assert all(f"/api/v1/{each.path}" in html for each in ENDPOINTS)
