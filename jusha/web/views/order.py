"""What became of an order: waiting, given, matched, proven. Only its browser sees its words."""

import re
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from jusha.inbox.connect import django_connection
from jusha.merkle.commitment import opening_extra
from jusha.money.assets import decimal_text
from jusha.payments import attempt as attempts
from jusha.payments import queries as payments
from jusha.payments.bank_account import BANK
from jusha.payments.models import Order
from jusha.payments.order import read_opening
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog
from jusha.web.cashier import pay_url
from jusha.web.derivation import brief
from jusha.web.mine import is_mine
from jusha.web.proof import standing_of
from jusha.web.qr import qr_data_uri
from jusha.web.rails import offered
from jusha.web.views.deed import proof_file
from jusha.web.words import reason

LOOKS_MAX: Final = 60
"""A page that waits looks again this often by itself, then leaves it to the reader."""
LOOKS: Final = re.compile(r"[0-9]{1,3}")
SLOWEST_SECONDS: Final = 10
ASKS_AT: Final = frozenset({1, 3, 8, 20})
"""Looks at which the rail is asked itself: whoever comes back from a wallet waits for a notice."""


def order(request: HttpRequest, number: str) -> HttpResponse:
    """Show the order's result, which looks again by itself while something is pending."""
    no = int(number)
    opening, known = read_opening(no), payments.order(no)
    if opening is None and known is None:
        raise Http404(number)
    context: dict[str, Any] = {"no": no, "state": "registering"}
    if is_mine(request, no):
        context |= {"mine": True, "private": opening[0] if opening else {}}
    refusal = payments.refusal_of_order(no) if known is None else None
    if refusal:
        context |= {"state": "refused", "reason": reason(refusal)}
    elif known is not None:
        context |= _known(request, known)
    if context["state"] in {"registering", "unpaid"} or not context.get("proven", True):
        context |= looks_of(request)
    if context["state"] == "unpaid" and context.get("look") in ASKS_AT:
        attempts.ask_soon(django_connection(), order_no=no)
    response = render(request, "web/order.html", context)
    response["Cache-Control"] = "private, no-store"
    return response


def order_state(request: HttpRequest, number: str) -> HttpResponse:
    """How far an order has come, in one word, for a page that waits: cheap to ask often.

    With `rail`, what the pay page waits for; it tells no more than the order's page does.
    """
    no = int(number)
    deed, held = payments.deed_of_order(no), None
    if deed is None:
        held = payments.held_for_order(no)
    if rail := request.GET.get("rail", ""):
        told = "over" if deed is not None or held else payments.attempt_state(no, rail)
        if rail == BANK and told == "ready" and payments.amount_of(no) is None:
            told = "over" if payments.refusal_of_order(no) else "asked"
    elif deed is not None:
        raw = tlog.entry_bytes(deed)
        told = "given-proven" if raw and standing_of(deed, raw).published else "given"
    elif held:
        told = "held"
    elif payments.amount_of(no) is not None:
        told = "unpaid"
    else:
        told = "refused" if payments.refusal_of_order(no) else "registering"
    return JsonResponse({"state": told}, headers={"Cache-Control": "private, no-store"})


def looks_of(request: HttpRequest) -> dict[str, int]:
    """How often this page looked again already, and when it does next; {} when it is enough."""
    look = request.GET.get("look", "")
    looks = int(look) if LOOKS.fullmatch(look) else 0
    if looks >= LOOKS_MAX:
        return {}
    return {"look": looks + 1, "wait_s": min(2 + looks // 5, SLOWEST_SECONDS)}


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
        is_transfer = bool(payments.attempt_state(known.no, BANK))
        if is_transfer or offered():
            pay = reverse("pay", args=(known.no,))
        return found | {"state": "unpaid", "pay_url": pay, "is_transfer": is_transfer}
    entry = tlog.entry(number) or {}
    matches = [brief(m) for m in entry.get("m", ())]
    proof = standing_of(number, raw)
    return found | {
        "state": "given",
        "number": number,
        "entry": entry,
        "project": projects.find(entry["prj"]),
        "again": decimal_text(known.amount, "CNY"),
        "matches": matches,
        "matched": sum(match.amount for match in matches),
        "claimed": any(match.claim for match in matches),
        "proof": proof,
        "proven": proof.published,
        "qr": qr_data_uri(request.build_absolute_uri(f"/d/{number}")),
    }


def order_proof(request: HttpRequest, number: str) -> HttpResponse:
    """The proof with its opening, to keep: for the order's browser, or its account, alone."""
    no = int(number)
    deed = payments.deed_of_order(no) if is_mine(request, no) else None
    opening = read_opening(no) if deed is not None else None
    leaf = tlog.entry_bytes(deed) if deed is not None else None
    if deed is None or opening is None or leaf is None:
        raise Http404(number)
    private, r = opening
    proof = tlog.proof(deed, opening_extra(leaf=leaf, private=private, r=r))
    if proof is None:
        raise Http404(number)
    return proof_file(proof, f"jusha-{deed}-keep.tlog-proof")
