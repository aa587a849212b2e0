"""Asking for help for oneself, kept apart from fundraising; and how projects are listed."""

from hashlib import sha256
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from jusha.oversight.help import KEEP_DAYS, helpers, refer
from jusha.oversight.rules import WORDS_MAX, ComplaintRefusedError
from jusha.web import reference
from jusha.web.challenge import challenge
from jusha.web.complaint_words import REFUSALS, word
from jusha.web.gate import Gate
from jusha.web.limits import address_of
from jusha.web.live import shanghai_day

SEE_OTHER: Final = 303
REFUSED: Final = 422
GATE: Final = Gate(address=(10, 60))
SHOWN: Final = 5


@require_http_methods(["GET", "HEAD", "POST"])
def help_seeking(request: HttpRequest) -> HttpResponse:
    """Say what this is not, and lead a person in need on to a charity."""
    today = timezone.localdate()
    refusal = _referred(request) if request.method == "POST" else ""
    if request.method == "POST" and not refusal:
        return HttpResponseRedirect(f"{reverse('help-seeking')}?sent=1", status=SEE_OTHER)
    context = {
        "charities": helpers(today),
        "most": WORDS_MAX,
        "days": KEEP_DAYS,
        "sent": "sent" in request.GET,
        "typed": request.POST,
        "refusal": word(REFUSALS, refusal) if refusal else "",
    }
    if refusal == "question":
        context["question"] = challenge(settings.HOME).ask()
    return render(request, "web/help_seeking.html", context, status=REFUSED if refusal else 200)


def _referred(request: HttpRequest) -> str:
    """Lead on; the code of the refusal, or ""."""
    said = request.POST
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    now_s = int(timezone.now().timestamp())
    verdict = GATE.verdict(address, unpaid=0, now_s=now_s)
    token, answer = said.get("question", ""), said.get("answer", "")
    if verdict == "wait":
        return "wait"
    if verdict == "ask" and not challenge(settings.HOME).passes(token, answer):
        return "question"
    try:
        refer(
            charity=said.get("charity", ""),
            words=said.get("words", ""),
            contact=said.get("contact", ""),
            day=timezone.localdate(),
        )
    except ComplaintRefusedError as error:
        return "no-helper" if error.code == "no-charity" else error.code
    GATE.count(address, now_s=now_s)
    return ""


@require_safe
def how_listed(request: HttpRequest) -> HttpResponse:
    """Explain the order of lists, with today's first places worked out for whoever recomputes."""
    day = shanghai_day(timezone.now())
    worked = [
        (each, sha256(f"{day} {each.code}".encode()).hexdigest())
        for each in reference.first_projects(day, SHOWN)
    ]
    return render(request, "web/how_listed.html", {"day": day, "worked": worked})
