"""What became of an order: waiting, given, matched, proven. Only its browser sees its words."""

import re
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from jusha.merkle.commitment import opening_extra
from jusha.payments import queries as payments
from jusha.payments.models import Order
from jusha.payments.order import read_opening
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog
from jusha.web.browser import orders_of
from jusha.web.cashier import pay_url
from jusha.web.derivation import brief
from jusha.web.proof import standing_of
from jusha.web.qr import qr_data_uri
from jusha.web.views.deed import proof_file
from jusha.web.words import reason

LOOKS_MAX: Final = 60
"""A page that waits looks again this often by itself, then leaves it to the reader."""
LOOKS: Final = re.compile(r"[0-9]{1,3}")
SLOWEST_SECONDS: Final = 10


def order(request: HttpRequest, number: str) -> HttpResponse:
    """Show the order's result, which looks again by itself while something is pending."""
    no = int(number)
    opening, known = read_opening(no), payments.order(no)
    if opening is None and known is None:
        raise Http404(number)
    context: dict[str, Any] = {"no": no, "state": "registering"}
    if no in orders_of(request):
        context |= {"mine": True, "private": opening[0] if opening else {}}
    refusal = payments.refusal_of_order(no) if known is None else None
    if refusal:
        context |= {"state": "refused", "reason": reason(refusal)}
    elif known is not None:
        context |= _known(request, known)
    pending = context["state"] in {"registering", "unpaid"} or not context.get("proven", True)
    look = request.GET.get("look", "")
    looks = int(look) if LOOKS.fullmatch(look) else 0
    if pending and looks < LOOKS_MAX:
        context |= {"look": looks + 1, "wait_s": min(2 + looks // 5, SLOWEST_SECONDS)}
    response = render(request, "web/order.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


def _known(request: HttpRequest, known: Order) -> dict[str, Any]:
    """What settlement knows: unpaid, or the deed that paid it with its matches and proof."""
    number = payments.deed_of_order(known.no)
    found: dict[str, Any] = {"amount": known.amount}
    raw = tlog.entry_bytes(number) if number is not None else None
    held = payments.held_for_order(known.no) if number is None else None
    if held is not None:
        return found | {"state": "held", "number": held[0], "reason": reason(held[1])}
    if number is None or raw is None:
        pay = pay_url(request, order_no=known.no, amount_fen=known.amount)
        return found | {"state": "unpaid", "pay_url": pay}
    entry = tlog.entry(number) or {}
    matches = [brief(m) for m in entry.get("m", ())]
    proof = standing_of(number, raw)
    return found | {
        "state": "given",
        "number": number,
        "entry": entry,
        "project": projects.find(entry["prj"]),
        "matches": matches,
        "matched": sum(match.amount for match in matches),
        "claimed": any(match.claim for match in matches),
        "proof": proof,
        "proven": proof.published,
        "qr": qr_data_uri(request.build_absolute_uri(f"/d/{number}")),
    }


def order_proof(request: HttpRequest, number: str) -> HttpResponse:
    """The proof with its opening, to keep: only for the browser that placed the order."""
    no = int(number)
    deed = payments.deed_of_order(no) if no in orders_of(request) else None
    opening = read_opening(no) if deed is not None else None
    leaf = tlog.entry_bytes(deed) if deed is not None else None
    if deed is None or opening is None or leaf is None:
        raise Http404(number)
    private, r = opening
    proof = tlog.proof(deed, opening_extra(leaf=leaf, private=private, r=r))
    if proof is None:
        raise Http404(number)
    return proof_file(proof, f"jusha-{deed}-keep.tlog-proof")
