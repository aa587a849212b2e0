"""One entry of the log, at its address for ever: what, why, where the money is, the proof."""

from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from jusha.giving import queries as giving
from jusha.giving.models import Deed
from jusha.matching import queries as matching
from jusha.settlement.explain import explain_gift
from jusha.tlog import queries as tlog
from jusha.web import reference
from jusha.web.browser import orders_of
from jusha.web.derivation import after, told
from jusha.web.line import Bands, bands_with_gift
from jusha.web.proof import check_address, standing_below
from jusha.web.titles import held_titles_of
from jusha.web.words import about, kind_name

PROOF_TYPE = "text/plain; charset=utf-8"
EVERYTHING = "all"
"""Asked for in the address, bounds are added up however far back that goes."""


def deed(request: HttpRequest, number: str) -> HttpResponse:
    """Show entry `number`, of whatever kind; of a number not yet given, say how far the log is.

    What was published is shown as the log's own files have it, even where the database is older.
    """
    newest = reference.checkpoint()
    placed = tlog.placed(int(number), newest)
    raw = placed.entry if placed else tlog.entry_bytes(int(number))
    if raw is None:
        told = {"number": int(number), "size": tlog.size()}
        return render(request, "web/deed_absent.html", told, status=404)
    entry = msgspec.json.decode(raw)
    titles = held_titles_of([entry])
    context = {
        "entry": entry,
        "number": int(number),
        "kind": kind_name(entry["k"]),
        "about": about(entry, titles),
        "project_title": titles.get(f"prj/{entry.get('prj')}"),
        "campaign_title": titles.get(f"rd/{entry.get('rd')}"),
        "raw": raw.decode(),
        "address": request.build_absolute_uri(request.path),
        "proof": standing_below(int(number), raw, placed, newest),
        "check_address": check_address(placed.proof if placed else None),
    }
    if entry["k"] == "don":
        context |= gift_parts(request, entry)
    if entry["k"] == "rule":
        context["rule"] = matching.version(entry["r"])
    return render(request, "web/deed.html", context)


def gift_parts(request: HttpRequest, entry: dict[str, Any]) -> dict[str, Any]:
    """What only gifts have: rules with their reasons, refunds, a place in the money line."""
    found = giving.deed(entry["n"])
    if found is None:
        return {}
    explained = explain_gift(
        entry, found, everything=EVERYTHING in request.GET, read=reference.HELD
    )
    verdicts = told(explained)
    return {
        "told": tuple(each for each in verdicts if not each.quiet),
        "quiet": tuple(each for each in verdicts if each.quiet),
        "whole": explained.whole,
        "matched": explained.matched,
        "after": after(explained),
        "bands": _bands(entry, found),
        "order_no": found.order_no if found.order_no in orders_of(request) else None,
    }


def _bands(entry: dict[str, Any], found: Deed) -> Bands | None:
    fund = reference.fund(entry["prj"])
    if fund is None:
        return None
    return bands_with_gift(
        programme_head=fund.programme_head,
        running_head=fund.running_head,
        amount=found.amount,
        permille=fund.running_permille,
        programme_at=found.programme_at,
        running_at=found.running_at,
    )


def deed_proof(_request: HttpRequest, number: str) -> HttpResponse:
    """The proof file of entry `number`, to share; not found until it is published."""
    proof = tlog.proof(int(number), None)
    if proof is None:
        raise Http404(number)
    return proof_file(proof, f"jusha-{number}.tlog-proof")


def proof_file(proof: bytes, name: str) -> HttpResponse:
    """A proof as a download."""
    response = HttpResponse(proof, content_type=PROOF_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-cache"
    return response
