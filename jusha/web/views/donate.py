"""Donate: one screen, then to the cashier."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.payments.order import OrderRefusedError, place_order
from jusha.projects import queries as projects
from jusha.projects.models import Project
from jusha.web.browser import remember
from jusha.web.cashier import pay_url
from jusha.web.forms import DonateForm
from jusha.web.live import standing

SEE_OTHER = 303


def donate(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for the amount; place the order and lead to the cashier."""
    project = projects.find(code)
    fund = projects.fund(code)
    if project is None or fund is None:
        raise Http404(code)
    wanted = request.POST.get("campaign", "") or request.GET.get("campaign", "")
    campaign = _open_campaign(code, wanted)
    form = DonateForm(request.POST or None, unit_fen=project.unit_amount)
    is_open = fund.state == "open" and settings.JUSHA_SIMULATOR
    if is_open and request.method == "POST" and form.is_valid():
        answer = _order(request, form, project, campaign)
        if answer is not None:
            return answer
    context = {
        "project": project,
        "form": form,
        "campaign": campaign,
        "is_open": is_open,
        "takes_money": settings.JUSHA_SIMULATOR,
        "standing": standing(campaign.id, campaign.page.code) if campaign else None,
    }
    return render(request, "web/donate.html", context, status=422 if form.errors else 200)


def _open_campaign(code: str, wanted: str) -> campaigns.Running | None:
    """The wanted campaign, if it is open and names the project; a gift without one is fine too."""
    if not wanted:
        return None
    now = timezone.now()
    for each in campaigns.of_project(code):
        if each.page.code == wanted and each.is_open(now):
            return each
    return None


def _order(
    request: HttpRequest, form: DonateForm, project: Project, campaign: campaigns.Running | None
) -> HttpResponse | None:
    """Place the order and lead to the cashier; None, with the form's error set, if refused."""
    amount_fen = form.cleaned_data["amount_fen"]
    try:
        order_no = place_order(
            project=project.code,
            campaign=campaign.page.code if campaign else "",
            amount_fen=amount_fen,
            note=form.cleaned_data["note"],
            shown_name=form.shown(),
        )
    except OrderRefusedError:
        form.add_refusal()
        return None
    url = pay_url(request, order_no=order_no, amount_fen=amount_fen)
    answer = HttpResponseRedirect(url, status=SEE_OTHER)
    remember(request, answer, order_no)
    return answer
