"""Donate: one screen, then to the cashier."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live.hang_names import wish_wall
from jusha.campaigns.scenes import known
from jusha.charities import queries as charities
from jusha.giving.receipt_config import issuer_name
from jusha.payments import queries as payments
from jusha.payments.attribution import PROVINCES, Attribution
from jusha.payments.order import OrderRefusedError, Wish, place_order
from jusha.projects import queries as projects
from jusha.projects.models import Project
from jusha.projects.raising import hindrances
from jusha.projects.reserve import NoRoomError
from jusha.web import facts
from jusha.web.browser import donor_of, orders_of, remember
from jusha.web.came_by import came_by
from jusha.web.cashier import pay_url
from jusha.web.challenge import challenge
from jusha.web.forms import DonateForm, parse_yuan
from jusha.web.gate import DEVICE_ASKS, WINDOW_SECONDS, Gate
from jusha.web.limits import address_of
from jusha.web.live import standing
from jusha.web.mine import kept_since
from jusha.web.rails import ways_of
from jusha.web.raising_words import why_not
from jusha.web.receipt_form import ReceiptForm
from jusha.web.region_words import region_name
from jusha.web.views.pay import begin
from jusha.web.views.receipt import keep_wish
from jusha.web.waiting import Waiting, forget, keep, kept, to_line

SEE_OTHER = 303
GATE: Final = Gate()
WAITING: Final = Waiting(a_second=settings.JUSHA_ORDERS_A_SECOND)
GIFT: Final = re.compile("[1-9][0-9]{0,14}")


def donate(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for the amount; who presses when too many do is led to the line, with what they chose."""
    return press(request, code)


def press(request: HttpRequest, code: str, *, had_turn: bool = False) -> HttpResponse:
    """Ask for the amount; place the order and lead to the cashier, or to the line before it.

    `had_turn`: it was judged and counted when it entered the line, and waited its turn.
    """
    project = projects.find(code)
    fund = projects.fund(code)
    if project is None or fund is None:
        raise Http404(code)
    wanted = request.POST.get("campaign", "") or request.GET.get("campaign", "")
    campaign = _open_campaign(code, wanted)
    invited_by = request.GET.get("from", "")
    yuan = request.GET.get("yuan", "")
    asked = {
        "invite": invited_by if GIFT.fullmatch(invited_by) else "",
        "own": yuan if parse_yuan(yuan) else "",
    }
    attribution = came_by(request)
    form = DonateForm(request.POST or None, unit_fen=project.unit_amount, initial=asked)
    before = request.GET.get("rail", "")
    ways = sorted(
        ways_of(project.charity.code, stops=project.hard_target), key=lambda way: way[0] != before
    )
    takes_money = bool(ways)
    in_the_way = hindrances(code, timezone.localdate())
    is_open = takes_money and not in_the_way
    receipt = ReceiptForm(request.POST or None, issuer=issuer_name(settings.HOME))
    is_valid = all([form.is_valid(), receipt.is_valid()])
    seen = facts.before(request, code)
    if is_valid and facts.stale(request, seen):
        form.facts_changed()
        is_valid = False
    may = is_open and request.method == "POST" and is_valid
    if may and _may_order(request, form, is_counted=had_turn):
        order = partial(_order, request, form, receipt, project, campaign, attribution)
        answer = order() if had_turn else _in_turn(request, code, order)
        if answer is not None:
            return facts.remember(request, answer, code, seen)
    context = {
        "project": project,
        "form": form,
        "receipt": receipt,
        "campaign": campaign,
        "attribution": attribution,
        "provinces": [(each, region_name(each)) for each in PROVINCES],
        "is_open": is_open,
        "takes_money": takes_money,
        "before": seen,
        "why": why_not(in_the_way),
        "certificate": charities.certificate(project.charity.code, timezone.localdate()),
        "rails": ways,
        "standing": standing(campaign.id, campaign.page.code) if campaign else None,
    }
    if "answer" in form.errors:
        context["question"] = challenge(settings.HOME).ask()
    return render(
        request, "web/donate.html", context, status=422 if form.errors or receipt.errors else 200
    )


def _in_turn(
    request: HttpRequest, code: str, order: Callable[[], HttpResponse | None]
) -> HttpResponse | None:
    """Lead to the line, or order now; None if it was refused, and its place is free again."""
    choice = keep(request, code, WAITING)
    if WAITING.place(choice):
        if (led := to_line(request, choice)) is not None:
            return led
        WAITING.leave(choice)  # too large to be kept: it goes on at once
        return order()
    answer = order()
    if answer is None:
        WAITING.give_back()
    elif (mended := kept(request, code)) is not None and mended.who == choice.who:
        WAITING.went(choice, answer["Location"])
        forget(answer)
    return answer


def _may_order(request: HttpRequest, form: DonateForm, *, is_counted: bool) -> bool:
    """Whether this browser and address may place one more order now; else the form says why.

    What `is_counted` was asked then, and is refused only where nothing more may come.
    """
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    now_s = int(timezone.now().timestamp())
    verdict = GATE.verdict(address, unpaid=_unpaid(request), now_s=now_s)
    if verdict == "wait":
        form.must_wait()
        return False
    if is_counted:
        return True
    token, said = request.POST.get("question", ""), form.cleaned_data["answer"]
    if verdict == "ask" and not challenge(settings.HOME).passes(token, said):
        form.needs_answer()
        return False
    GATE.count(address, now_s=now_s)
    return True


def _unpaid(request: HttpRequest) -> int:
    """How many of this browser's or account's orders of the last ten minutes nobody paid."""
    since = timezone.now() - timedelta(seconds=WINDOW_SECONDS)
    numbers = {*orders_of(request), *kept_since(request, since)}
    if len(numbers) <= DEVICE_ASKS:
        return 0
    return payments.unpaid_since(numbers, since)


def _open_campaign(code: str, wanted: str) -> campaigns.Running | None:
    """The wanted campaign, if it is open and names the project; a gift without one is fine too."""
    if not wanted:
        return None
    now = timezone.now()
    for each in campaigns.of_project(code, rehearsals=True):
        if each.page.code == wanted and each.is_open(now):
            return each
    return None


def _order(
    request: HttpRequest,
    form: DonateForm,
    receipt: ReceiptForm,
    project: Project,
    campaign: campaigns.Running | None,
    attribution: Attribution,
) -> HttpResponse | None:
    """Place the order and lead to the cashier; None, with the form's error set, if refused."""
    amount_fen = form.cleaned_data["amount_fen"]
    try:
        with transaction.atomic():
            order_no = place_order(
                Wish(
                    project.code,
                    campaign.page.code if campaign else "",
                    amount_fen,
                    note=form.cleaned_data["note"],
                    shown_name=form.shown(),
                    dedication=form.cleaned_data["dedication"],
                    invite=form.cleaned_data["invite"] or 0,
                    attribution=attribution._replace(
                        scene=known(attribution.scene, timezone.localdate())
                    ),
                ),
                donor=donor_of(request),
            )
            keep_wish(request, order_no, receipt)
            if campaign and form.cleaned_data["wall"] and form.shown():
                wish_wall(order_no)
    except OrderRefusedError:
        form.add_refusal()
        return None
    except NoRoomError as error:
        form.lacks_room(error.left[project.code])
        return None
    rail = request.POST.get("rail", "")
    if rail and rail in dict(ways_of(project.charity.code, stops=project.hard_target)):
        begin(request, order_no, rail)
        url = f"{reverse('pay', args=(order_no,))}?rail={rail}"
    else:
        url = pay_url(request, order_no=order_no, amount_fen=amount_fen)
    answer = HttpResponseRedirect(url, status=SEE_OTHER)
    remember(request, answer, order_no)
    return answer
