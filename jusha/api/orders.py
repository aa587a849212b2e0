"""Orders by key: place one, read what became of it, ask for money back.

An order belongs to the key that placed it. Amount and payee are settled before a rail is asked, as
for the pages (payments/attempt.py); a key chooses neither payee nor account.
"""

from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from jusha.api import queries
from jusha.api.asked import ApiRequest, OrderPath, check_charity, key_of
from jusha.api.models import ApiKey, ApiOrder
from jusha.api.problems import (
    FACTS_CHANGED,
    NO_ROOM,
    NOT_FOUND,
    NOT_OPEN,
    NOT_PAID,
    OPEN_CASE,
    REFUND_REFUSED,
    UNREADABLE,
    RefusedError,
    Wrong,
)
from jusha.api.rooms import NOT_RAISING, left_of
from jusha.api.shapes import OrderAsk, PayAsk, RefundAsk
from jusha.campaigns import queries as campaigns
from jusha.giving import refund_queries as refunds
from jusha.giving.erase_donor import Whose, erase_donor
from jusha.giving.models import RefundCase
from jusha.giving.refund_ask import ask_refund
from jusha.giving.refund_rules import Actor, RefundRefusedError
from jusha.inbox.connect import django_connection
from jusha.oversight.facts import facts_of
from jusha.payments import queries as payments
from jusha.payments.attempt import show_on
from jusha.payments.models import Attempt
from jusha.payments.order import OrderRefusedError, Wish, place_order
from jusha.payments.rails.config import RailsUnreadableError, names
from jusha.people.donor_keys import donor_of_order, new_donor
from jusha.projects import queries as projects
from jusha.projects.raising import hindrances
from jusha.projects.reserve import NoRoomError

WAYS: Final = {
    "wechat": frozenset({"native", "jsapi", "h5", "app"}),
    "alipay": frozenset({"page", "wap", "precreate", "app"}),
}
BY_ADDRESS: Final = "h5"
BY_PAYER: Final = "jsapi"


def create_order(request: ApiRequest, order: OrderAsk) -> dict[str, Any]:
    """Place an order. Durable when it is answered; settled a moment later."""
    key = key_of(request)
    _check_open(key, order)
    if order.pay is not None:
        _check_pay(order.pay)
    try:
        no = place_order(
            Wish(
                order.project,
                order.campaign,
                order.amount,
                note=order.note,
                shown_name=order.shown_name,
            ),
            donor=new_donor(),  # of this order alone: nothing here tells whose others are
        )
    except NoRoomError as error:
        raise RefusedError(NO_ROOM, errors=[left_of(error, order.project)]) from error
    except OrderRefusedError as error:
        wrong = Wrong("body", f"a text cannot be kept as it is: {error}")
        raise RefusedError(UNREADABLE, errors=[wrong]) from error
    ApiOrder.objects.create(order_no=no, key=key.pk)
    if order.pay is not None:
        show_on(
            django_connection(),
            order_no=no,
            rail=order.pay.rail,
            way=order.pay.way,
            back=order.pay.back,
            payer=order.pay.payer,
            client_ip=order.pay.client_ip,
        )
    return {"no": str(no), "state": "received"}


def read_order(request: ApiRequest, number: OrderPath) -> dict[str, Any]:
    """Read what became of an order that this key placed."""
    no = _own(request, number)
    known = payments.order(no)
    deeds = refunds.money(refunds.deeds_of_order(no))
    paid = next((each for each in deeds if not each.held), None)
    held = next((each for each in deeds if each.held), None)
    refusal = payments.refusal_of_order(no) if known is None else None
    state = "open" if known else ("refused" if refusal else "received")
    if paid or held:
        state = "paid" if paid else "held"
    money = paid or held
    return {
        "no": number,
        "state": state,
        "told": refusal or "",
        "deed": money.number if money else None,
        "amount": known.amount if known else None,
        "refunded": money.amount - money.left if money else 0,
        "pay": [_payable(each) for each in Attempt.objects.filter(order_no=no).order_by("id")],
        "refunds": [
            _stands(each) for each in RefundCase.objects.filter(order_no=no).order_by("id")
        ],
    }


def create_refund_request(
    request: ApiRequest, number: OrderPath, wish: RefundAsk
) -> dict[str, Any]:
    """Ask for money of a paid order back, for its donor. The charity's finance decides."""
    no = _own(request, number)
    deeds = refunds.deeds_of_order(no)
    deed = deeds[0] if deeds and wish.deed is None else wish.deed
    if deed not in deeds:
        raise RefusedError(NOT_PAID)
    try:
        case = ask_refund(
            deed=deed,
            amount=wish.amount,
            reason=wish.reason,
            words=wish.words,
            actor=Actor("donor"),
        )
    except RefundRefusedError as error:
        if error.code == "open-case":
            raise RefusedError(OPEN_CASE) from error
        raise RefusedError(REFUND_REFUSED, errors=[Wrong("body", error.code)]) from error
    return _stands(case)


def erase_order(request: ApiRequest, number: OrderPath) -> dict[str, Any]:
    """Erase what the order's donor wrote, for good, as that donor asked the app to.

    Name, note and words of refunds go at once; amount, project and number in the log stay.
    """
    no = _own(request, number)
    erase_donor(Whose(donor=donor_of_order(no), orders=(no,)), now=datetime.now(UTC))
    return {"no": number, "state": "erased"}


def _own(request: ApiRequest, number: str) -> int:
    """The order's number. Raises RefusedError for one that this key did not place."""
    if not queries.is_order_of(int(number), key_of(request).pk):
        raise RefusedError(NOT_FOUND)
    return int(number)


def _check_open(key: ApiKey, order: OrderAsk) -> None:
    """Raise RefusedError unless a gift can be ordered for this project and campaign now."""
    project, fund = projects.find(order.project), projects.fund(order.project)
    if project is None or fund is None:
        wrong = Wrong("body/project", "there is no such project")
        raise RefusedError(UNREADABLE, errors=[wrong])
    check_charity(key, project.charity.code)
    takes_money = settings.JUSHA_SIMULATOR or bool(_rails())
    if fund.state != "open" or not takes_money:
        raise RefusedError(NOT_OPEN)
    if order.facts != facts_of(project, fund).version:
        raise RefusedError(FACTS_CHANGED)
    in_the_way = hindrances(order.project, timezone.localdate())
    if in_the_way:
        raise RefusedError(NOT_OPEN, NOT_RAISING[in_the_way[0].code])
    if order.campaign:
        now = datetime.now(UTC)
        running = campaigns.of_project(order.project)
        if not any(each.page.code == order.campaign and each.is_open(now) for each in running):
            raise RefusedError(NOT_OPEN, "the campaign does not name the project, or is not open")


def _check_pay(pay: PayAsk) -> None:
    """Raise RefusedError for a rail that is not here, or a way that lacks something."""
    errors = []
    if pay.rail not in _rails():
        errors.append(Wrong("body/pay/rail", "this installation does not have this rail"))
    if pay.way not in WAYS[pay.rail]:
        errors.append(Wrong("body/pay/way", f"{pay.rail} has no such way"))
    if pay.way == BY_PAYER and not pay.payer:
        errors.append(Wrong("body/pay/payer", "jsapi needs the payer's id at the rail"))
    if pay.way == BY_ADDRESS and not pay.client_ip:
        errors.append(Wrong("body/pay/client_ip", "h5 needs the payer's address"))
    if errors:
        raise RefusedError(UNREADABLE, errors=errors)


def _rails() -> tuple[str, ...]:
    try:
        return names(settings.HOME)
    except RailsUnreadableError:
        return ()


def _payable(attempt: Attempt) -> dict[str, Any]:
    told: dict[str, Any] = attempt.payable or {}
    return {
        "rail": attempt.rail,
        "way": attempt.way,
        "state": attempt.state,
        "told": attempt.told,
        "code": told.get("code", ""),
        "url": told.get("url", ""),
        "parameters": told.get("parameters", {}),
    }


def _stands(case: RefundCase) -> dict[str, Any]:
    return {"deed": case.deed, "amount": case.amount, "reason": case.reason, "state": case.state}
