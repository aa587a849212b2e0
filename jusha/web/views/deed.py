"""One entry of the log, at its address for ever: what, why, where the money is, the proof."""

from typing import Any

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from jusha.giving.models import Deed
from jusha.giving.residue_queries import of_gift
from jusha.guarding.queries import open_case_of
from jusha.matching import queries as matching
from jusha.projects import expense_queries as expenses
from jusha.projects.expense_papers import papers_shown
from jusha.settlement.explain import explain_gift
from jusha.settlement.explain_read import read_gift
from jusha.tlog import queries as tlog
from jusha.uploads import queries as uploads
from jusha.uploads.rules import ENDINGS, PICTURES
from jusha.web import reference, sheet, trace
from jusha.web.abuse_words import explained as why_held
from jusha.web.browser import orders_of
from jusha.web.derivation import after, told
from jusha.web.line import Bands, bands_with_gift
from jusha.web.mine import is_mine
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
    proof = standing_below(int(number), raw, placed, newest)
    context = {
        "entry": entry,
        "number": int(number),
        "heading": sheet.heading(int(number)),
        "kind": kind_name(entry["k"]),
        "raw": raw.decode(),
        "copy": sheet.copy(request.build_absolute_uri(request.path)),
        "seal": sheet.seal(proof),
        "path": sheet.path(proof),
        "proof": proof,
        "check_address": check_address(placed.proof if placed else None),
    }
    if entry["k"] == "don":
        context |= gift_parts(request, entry)
    if entry["k"] == "spend":
        context |= expense_parts(entry["n"])
    if entry["k"] == "residue":
        context["residue"] = of_gift(entry["ref"])
    if entry["k"] == "rule":
        context["rule"] = matching.version(entry["r"])
    context["head"] = sheet.head(
        entry, about(entry, titles), titles, number=int(number), matched=context.get("matched", 0)
    )
    return render(request, "web/deed.html", context)


def gift_parts(request: HttpRequest, entry: dict[str, Any]) -> dict[str, Any]:
    """What only gifts have: rules with their reasons, refunds, a place in the money line."""
    gift = read_gift(entry["n"])
    if gift is None:
        return {}
    found = gift.deed
    explained = explain_gift(entry, gift, everything=EVERYTHING in request.GET, read=reference.HELD)
    verdicts = told(explained)
    return {
        "told": tuple(each for each in verdicts if not each.quiet),
        "quiet": tuple(each for each in verdicts if each.quiet),
        "whole": explained.whole,
        "matched": explained.matched,
        "after": after(explained),
        "bands": _bands(entry, found, refunded := sum(amount for _, amount, _ in gift.refunds)),
        "spent": _spent(entry, found, refunded),
        "residue": of_gift(entry["n"]) if refunded else None,
        "order_no": found.order_no if found.order_no in orders_of(request) else None,
        "review": _review(request, found) if gift.is_reviewed else None,
    }


def _review(request: HttpRequest, found: Deed) -> dict[str, Any] | None:
    """That a gift's match is held, until when; why is told to its donor alone."""
    case = open_case_of(found.number)
    if case is None:
        return None
    mine = bool(found.order_no) and is_mine(request, found.order_no)
    return {"due_on": case.due_on, "why": why_held(case) if mine else "", "is_mine": mine}


def _bands(entry: dict[str, Any], found: Deed, refunded: int) -> Bands | None:
    fund, held_line = reference.fund(entry["prj"]), reference.line(entry["prj"])
    if fund is None or held_line is None:
        return None
    return bands_with_gift(
        programme_head=fund.programme_head,
        running_head=fund.running_head,
        amount=found.amount,
        permille=fund.running_permille,
        programme_at=found.programme_at,
        running_at=found.running_at,
        refunded=refunded,
        programme_void=held_line.programme.void,
        running_void=held_line.running.void,
        programme_spent=(held_line.programme.spent_to, held_line.programme.spent),
        running_spent=(held_line.running.spent_to, held_line.running.spent),
    )


def _spent(entry: dict[str, Any], found: Deed, refunded: int) -> trace.Trace | None:
    """How much of a gift is spent, and on what; one question where something is."""
    fund = reference.fund(entry["prj"])
    return trace.of_gift(found, fund, refunded=refunded) if fund else None


def expense_parts(number: int) -> dict[str, Any]:
    """What only expenses have: the words, pictures and papers that are for all, and later notes."""
    found = expenses.find(number)
    page = reference.project(found.project) if found else None
    if found is None or page is None or reference.is_down(page.code):
        return {"expense": found, "pictures": [], "papers": [], "notes": expenses.notes(number)}
    shown = {each.sha256: each for each in papers_shown(number)}
    drawn = found.words["pictures"] if found.words else []
    own = uploads.named([*drawn, *shown], charity=page.charity.code)
    ways = {key: reverse("upload", args=(key, ENDINGS[own[key].kind])) for key in own}
    return {
        "expense": found,
        "pictures": [ways[each] for each in drawn if each in own],
        "papers": [
            {"way": ways[each], "is_picture": own[each].kind in PICTURES, "original": it.original}
            for each, it in shown.items()
            if each in own
        ],
        "notes": expenses.notes(number),
    }


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
