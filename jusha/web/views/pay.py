"""Pay an order on a rail: a code to scan or a way into the wallet, made by the payments process."""

from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.inbox.connect import django_connection
from jusha.payments import queries as payments
from jusha.payments.attempt import show_on
from jusha.payments.bank_account import BANK, choose_transfer
from jusha.payments.models import Attempt, BankAccount, Order
from jusha.payments.rails.names import WECHAT
from jusha.payments.reference import reference_of
from jusha.projects.reserve import is_reserved
from jusha.web.browser import orders_of
from jusha.web.headers import policy
from jusha.web.limits import address_of
from jusha.web.qr import qr_data_uri
from jusha.web.rails import TITLES, TRANSFER, account_for, asks_who, offered, way_for
from jusha.web.views.order import looks_of
from jusha.web.views.pay_inside import WAY as INSIDE
from jusha.web.views.pay_inside import shown_inside
from jusha.web.words import reason

SEE_OTHER: Final = 303
NEEDS_ADDRESS: Final = "h5"
GROUP: Final = 4


def begin(request: HttpRequest, order_no: int, rail: str, *, wants_code: bool = False) -> None:
    """Ask the payments process to show an order on a rail. Writes: jusha_attempt.

    A bank transfer needs nobody to be asked; inside WeChat the browser first says who it is.
    """
    if rail == BANK:
        with transaction.atomic():
            choose_transfer(django_connection(), order_no=order_no, now=timezone.now())
        return
    way = way_for(request, rail, wants_code=wants_code)
    if way == INSIDE:
        return
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    with transaction.atomic():
        show_on(
            django_connection(),
            order_no=order_no,
            rail=rail,
            way=way,
            back=request.build_absolute_uri(reverse("order", args=(order_no,))),
            client_ip=address if way == NEEDS_ADDRESS else "",
        )


def pay(request: HttpRequest, number: str) -> HttpResponse:
    """Show how the order is paid; only to the browser that placed it, others see its result."""
    no = int(number)
    order_page = reverse("order", args=(number,))
    if no not in orders_of(request):
        return HttpResponseRedirect(order_page, status=SEE_OTHER)
    known = payments.order(no)
    charity = payments.payee_of(no) if known else ""
    takes_transfers = known is not None and charity and not is_reserved(no)
    account = account_for(charity, at=known.received_at) if known and takes_transfers else None
    rails = dict(offered()) | ({BANK: str(TRANSFER)} if account else {})
    attempts = {each.rail: each for each in Attempt.objects.filter(order_no=no)}
    if not rails and not attempts:
        raise Http404(number)
    wanted = request.POST.get("rail", "")
    if request.method == "POST" and wanted in rails:
        begin(request, no, wanted, wants_code="code" in request.POST)
        here = f"{reverse('pay', args=(number,))}?rail={wanted}"
        return HttpResponseRedirect(here, status=SEE_OTHER)
    if payments.deed_of_order(no) is not None or payments.held_for_order(no) is not None:
        return HttpResponseRedirect(order_page, status=SEE_OTHER)
    if known is None and payments.refusal_of_order(no):
        return HttpResponseRedirect(order_page, status=SEE_OTHER)
    context: dict[str, Any] = {"no": no, "state": "choose", "amount": known and known.amount}
    context |= _chosen(request, rails, attempts, known, account)
    context["rails"] = [each for each in rails.items() if each[0] not in attempts]
    if context["state"] in {"asked", "ready"} and "account" not in context:
        context |= looks_of(request)
    context |= shown_inside(request, context)
    response = render(request, "web/pay.html", context)
    if context.get("bridge"):
        response["Content-Security-Policy"] = policy(request, context["bridge"])
    response["Cache-Control"] = "private, no-store"
    return response


def _chosen(
    request: HttpRequest,
    rails: dict[str, str],
    attempts: dict[str, Attempt],
    known: Order | None,
    account: BankAccount | None,
) -> dict[str, Any]:
    """What the page says of the way that was chosen; {} while none is."""
    shown = request.GET.get("rail", "")
    if shown == WECHAT and shown in rails and shown not in attempts and asks_who(request):
        return {"state": "who", "rail": TITLES[shown], "rail_code": shown}
    attempt = attempts.get(shown) or next(iter(attempts.values()), None)
    if attempt is None:
        return {}
    return _transfer(attempt, known, account) if attempt.rail == BANK else _shown(attempt)


def _transfer(attempt: Attempt, known: Order | None, account: BankAccount | None) -> dict[str, Any]:
    """Where to transfer to and what to write; until settlement knows the order, that it waits."""
    context: dict[str, Any] = {"rail": TRANSFER, "rail_code": BANK, "state": "asked"}
    if known is None:
        return context
    if account is None:  # it was withdrawn since
        return context | {"state": "withdrawn"}
    return context | {
        "state": "ready",
        "account": account,
        "digits": in_groups(account.number),
        "reference": reference_of(known.no),
        "until": attempt.open_until,
        "is_late": attempt.open_until is not None and attempt.open_until < timezone.now(),
    }


def in_groups(number: str) -> str:
    """An account's number as people read it to each other: in groups of four."""
    return " ".join(number[place : place + GROUP] for place in range(0, len(number), GROUP))


def _shown(attempt: Attempt) -> dict[str, Any]:
    """What the page says of one attempt."""
    payable = attempt.payable or {}
    code, url = payable.get("code", ""), payable.get("url", "")
    return {
        "state": attempt.state,
        "rail": TITLES[attempt.rail],
        "rail_code": attempt.rail,
        "qr": qr_data_uri(code) if code else "",
        # A simulated code is an address of this machine, so one screen is enough to try it.
        "same_screen": code if settings.JUSHA_SIMULATOR and code.startswith("http") else "",
        "url": url,
        "parameters": payable.get("parameters") or {},
        "reason": reason(attempt.told) if attempt.state == "refused" else "",
    }
