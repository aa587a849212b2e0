"""What anyone may read: projects, charities, campaigns, entries of the log, its checkpoint."""

from collections.abc import Iterable
from datetime import UTC
from typing import Any, Final

import msgspec
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from jusha.api import queries
from jusha.api.asked import (
    ApiRequest,
    CodePath,
    CodeQuery,
    CursorQuery,
    LimitQuery,
    NumberPath,
    cursor_after,
    cursor_of,
)
from jusha.api.problems import NOT_FOUND, RefusedError
from jusha.campaigns import queries as campaigns
from jusha.campaigns.queries import Raised, Running
from jusha.charities import queries as charities
from jusha.charities.models import Charity
from jusha.giving import queries as giving
from jusha.merkle.tree import leaf_hash
from jusha.oversight.facts import facts_of
from jusha.projects import queries as projects
from jusha.projects.models import Fund, Project
from jusha.tlog import queries as tlog

FACTS: Final = ("version", "since", "raised", "spent", "progress_on", "finance_on")
PAGE: Final = 50
PROOF_TYPE: Final = "text/plain; charset=utf-8"


def list_projects(
    request: ApiRequest,
    cursor: CursorQuery = None,
    limit: LimitQuery = PAGE,
    charity: CodeQuery = None,
) -> dict[str, Any]:
    """List projects, in the order of their codes, with what they were given so far."""
    after = cursor_after(cursor)
    now = queries.as_of()
    found = projects.after(after, charity=charity or "", count=limit + 1)
    shown = found[:limit]
    funds = projects.funds(each.code for each in shown)
    raised = campaigns.raised(fund.project for fund in funds.values())
    return {
        "as_of": _moment(now),
        "items": [_project(each, funds.get(each.code), raised) for each in shown],
        "next": cursor_of(shown[-1].code) if len(found) > limit else None,
    }


def read_project(request: ApiRequest, code: CodePath) -> dict[str, Any]:
    """Read one project."""
    now = queries.as_of()
    found, fund = projects.find(code), projects.fund(code)
    if found is None:
        raise RefusedError(NOT_FOUND)
    raised = campaigns.raised([fund.project]) if fund else {}
    seen = facts_of(found, fund) if fund else None
    told = {name: getattr(seen, name) for name in FACTS} if seen else None
    return _project(found, fund, raised) | {"as_of": _moment(now), "facts": told}


def list_charities(
    request: ApiRequest, cursor: CursorQuery = None, limit: LimitQuery = PAGE
) -> dict[str, Any]:
    """List charities, in the order of their codes."""
    found = charities.after(cursor_after(cursor), count=limit + 1)
    shown = found[:limit]
    return {
        "items": [_charity(each) for each in shown],
        "next": cursor_of(shown[-1].code) if len(found) > limit else None,
    }


def read_charity(request: ApiRequest, code: CodePath) -> dict[str, Any]:
    """Read one charity."""
    found = charities.find(code)
    if found is None:
        raise RefusedError(NOT_FOUND)
    return _charity(found)


def list_campaigns(request: ApiRequest) -> dict[str, Any]:
    """List every campaign, newest first, with its totals."""
    now = queries.as_of()
    found = campaigns.all_campaigns()
    raised = campaigns.raised_in_all([each.id for each in found])
    items = [_campaign(each, raised[each.id].values()) for each in found]
    return {"as_of": _moment(now), "items": items}


def read_campaign(request: ApiRequest, code: CodePath) -> dict[str, Any]:
    """Read one campaign, with the totals of its projects."""
    now = queries.as_of()
    found = campaigns.find(code)
    if found is None:
        raise RefusedError(NOT_FOUND)
    raised = campaigns.raised_in(found.id)
    codes = {fund.project: fund.code for fund in projects.funds_numbered(raised)}
    sums = sorted((codes[number], raised[number]) for number in codes)
    return _campaign(found, raised.values()) | {
        "as_of": _moment(now),
        "projects": [{"project": name, "raised": _sums(each)} for name, each in sums],
    }


def read_deed(request: ApiRequest, number: NumberPath) -> dict[str, Any]:
    """Read one entry of the log: its fields, its matches and why, its refunds, its proof."""
    at, published = int(number), tlog.checkpoint()
    placed = tlog.placed(at, published)
    raw = placed.entry if placed else tlog.entry_bytes(at)
    if raw is None:
        raise RefusedError(NOT_FOUND)
    entry: dict[str, Any] = msgspec.json.decode(raw)
    is_money = entry["k"] in {"don", "held"}
    return {
        "number": at,
        "kind": entry["k"],
        "entry": entry,
        "raw": raw.decode(),
        "matches": _matches(entry) if entry["k"] == "don" else [],
        "refunds": [
            {"number": each.number, "amount": each.amount, "matched": each.matched}
            for each in (giving.refunds_of(at) if is_money else ())
        ],
        "proof": {
            "standing": "published" if placed else "settled",
            "size": published.size if placed and published else 0,
            "leaf_hash": leaf_hash(raw).hex(),
            "path": [each.hex() for each in placed.path] if placed else [],
            "at": published.at if placed and published else None,
        },
    }


def read_proof(request: ApiRequest, number: NumberPath) -> HttpResponseBase:
    """Download the proof of an entry, a C2SP tlog-proof; not found until it is published."""
    found = tlog.proof(int(number))
    if found is None:
        raise RefusedError(NOT_FOUND, "the log ends before this number, or it is not signed yet")
    answer = HttpResponse(found, content_type=PROOF_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="jusha-{number}.tlog-proof"'
    return answer


def read_checkpoint(request: ApiRequest) -> dict[str, Any]:
    """Read the newest signed state of the log; not found before the first signature."""
    found = tlog.checkpoint()
    if found is None:
        raise RefusedError(NOT_FOUND, "nothing has been signed yet")
    return {
        "origin": found.checkpoint.origin,
        "size": found.size,
        "root_hash": found.checkpoint.root_hash.hex(),
        "at": found.at,
        "note": found.text,
        "vkey": tlog.vkey(),
    }


def _moment(now: queries.AsOf) -> dict[str, Any]:
    return {"entries": now.entries, "at": now.at.astimezone(UTC) if now.at else None}


def _sums(raised: Raised) -> dict[str, int]:
    return {
        "gifts": raised.gifts,
        "given": raised.given,
        "matched": raised.matched,
        "refunded": raised.refunded,
        "returned": raised.returned,
    }


def _charity(found: Charity) -> dict[str, Any]:
    names = "code name_zh name_en uscc certificate_no address_zh address_en phone"
    return {name: getattr(found, name) for name in names.split()}


def _project(found: Project, fund: Fund | None, raised: dict[int, Raised]) -> dict[str, Any]:
    names = (
        "code title_zh title_en summary_zh summary_en place_zh place_en unit_amount unit_zh unit_en"
        " target_amount running_permille filing_no starts_on ends_on"
    )
    return {name: getattr(found, name) for name in names.split()} | {
        "charity": found.charity.code,
        "stops_at_target": found.hard_target,
        "state": fund.state if fund else "unknown",
        "raised": _sums(raised.get(fund.project, Raised()) if fund else Raised()),
    }


def _campaign(found: Running, raised: Iterable[Raised]) -> dict[str, Any]:
    names = "code title_zh title_en theme_zh theme_en"
    return {name: getattr(found.page, name) for name in names.split()} | {
        "opens": found.opens,
        "closes": found.closes,
        "raised": _sums(sum(raised, Raised())),
    }


def _matches(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The gift's own matches and those it earned a friend, as its entry has them."""
    return [
        {
            "pool": each["pool"],
            "rule": each["r"],
            "amount": each["amt"],
            "why": each["by"],
            "claim": each.get("c", 0),
            "gift": each.get("for", entry["n"]),
        }
        for each in entry.get("m", [])
    ]
