"""What anyone may read: the same numbers as the pages, with an as of, a tag, and no key."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.conftest import Api, problem
from tests.cast import BOOKS, WATER

COUNTS = {
    "projects": 4,
    f"projects/{BOOKS}": 6,
    "charities": 1,
    "charities/shan": 1,
    "campaigns": 4,
    "campaigns/day": 5,
    "deeds/7": 1,
    "checkpoint": 0,
    "deeds/7/proof": 0,
}


@pytest.fixture
def given(api: Api) -> Api:
    api.house.give(2_000)
    api.site.publish()
    return api


def test_a_read_costs_a_fixed_number_of_questions(given: Api) -> None:
    counts = {}
    for path in COUNTS:
        with CaptureQueriesContext(connection) as asked:
            assert given.anyone.get(path).status_code == 200
        counts[path] = len(asked)
    assert counts == COUNTS


def test_projects_come_in_pages_whose_cursor_leads_on(given: Api) -> None:
    first = given.anyone.get("projects?limit=1").json()
    assert [each["code"] for each in first["items"]] == [BOOKS]
    then = given.anyone.get(f"projects?limit=1&cursor={first['next']}").json()
    assert [each["code"] for each in then["items"]] == [WATER]
    assert then["next"] is None
    assert given.anyone.get("projects?charity=nobody").json()["items"] == []


def test_totals_say_as_of_when(given: Api) -> None:
    told = given.anyone.get("campaigns/day").json()
    assert told["raised"] == {
        "gifts": 1, "given": 2_000, "matched": 2_000, "refunded": 0, "returned": 0,
    }  # fmt: skip
    assert told["as_of"]["entries"] == len(given.house.entries())
    assert told["as_of"]["at"].endswith("Z")
    assert told["projects"] == [{"project": BOOKS, "raised": told["raised"]}]
    project = given.anyone.get(f"projects/{BOOKS}").json()
    assert (project["state"], project["raised"]["given"]) == ("open", 2_000)


def test_a_gift_tells_its_leaf_its_matches_and_its_proof(given: Api) -> None:
    number = given.house.settlement.world.next_number - 1
    told = given.anyone.get(f"deeds/{number}").json()
    assert told["entry"] == given.house.entries()[number]
    assert told["matches"] == [
        {"pool": "tree", "rule": "R1.1", "amount": 2_000, "why": "rule", "claim": 0, "gift": number}
    ]
    assert told["proof"]["standing"] == "published"
    proof = given.anyone.get(f"deeds/{number}/proof")
    assert proof["content-type"].startswith("text/plain")
    assert proof.content == given.site.client.get(f"/d/{number}.tlog-proof").content
    given.house.instruct("refund", deed=number, amount=500, reason="asked")
    after = given.anyone.get(f"deeds/{number}").json()
    assert [(each["amount"], each["matched"]) for each in after["refunds"]] == [(500, 500)]
    later = given.anyone.get(f"deeds/{after['refunds'][0]['number']}").json()
    assert (later["kind"], later["proof"]["standing"]) == ("refund", "settled")


def test_an_unchanged_answer_is_not_sent_twice(given: Api) -> None:
    for path in COUNTS:
        first = given.anyone.get(path)
        again = given.anyone.get(path, **{"if-none-match": first["etag"]})
        assert (again.status_code, again.content) == (304, b""), path
        assert again["cache-control"] == first["cache-control"]
        assert again["access-control-allow-origin"] == "*"
    old = given.anyone.get("projects")["etag"]
    given.house.give(100)
    assert given.anyone.get("projects", **{"if-none-match": old}).status_code == 200


def test_other_sites_may_read_what_is_public_and_nothing_else(given: Api) -> None:
    ask = given.anyone.client.options("/api/v1/projects", headers={"origin": "https://a.example"})
    assert (ask.status_code, ask["access-control-allow-origin"]) == (204, "*")
    assert ask["allow"] == "GET, HEAD, OPTIONS"
    ask = given.anyone.client.options("/api/v1/orders", headers={"origin": "https://a.example"})
    assert "access-control-allow-origin" not in ask
    assert "access-control-allow-origin" not in given.caller().get("webhooks")


def test_head_tells_what_get_would(given: Api) -> None:
    head = given.anyone.client.head("/api/v1/projects")
    assert (head.status_code, head.content) == (200, b"")
    assert head["etag"] == given.anyone.get("projects")["etag"]


REFUSED = (
    ("nothing", 404, "not-found"),
    ("projects/", 404, "not-found"),
    ("projects/unknown", 404, "not-found"),
    ("charities/unknown", 404, "not-found"),
    ("campaigns/unknown", 404, "not-found"),
    ("deeds/999999", 404, "not-found"),
    ("deeds/999999/proof", 404, "not-found"),
    ("deeds/x", 422, "unreadable"),
    ("deeds/01", 422, "unreadable"),
    ("projects/a b", 422, "unreadable"),
    ("projects?limit=0", 422, "unreadable"),
    ("projects?limit=1&limit=2", 422, "unreadable"),
    ("projects?page=2", 422, "unreadable"),
    ("projects?cursor=%00", 400, "malformed"),
    ("projects?cursor=____", 422, "unreadable"),
    ("orders", 405, "wrong-method"),
)


def test_what_cannot_be_answered_says_why(given: Api) -> None:
    for path, status, code in REFUSED:
        problem(given.anyone.get(path), status, code)


def test_before_the_first_signature_there_is_no_checkpoint(api: Api) -> None:
    problem(api.anyone.get("checkpoint"), 404, "not-found")
    problem(api.anyone.get("deeds/0/proof"), 404, "not-found")
    told: dict[str, Any] = api.anyone.get("deeds/0").json()["proof"]
    assert (told["standing"], told["size"], told["path"]) == ("settled", 0, [])
