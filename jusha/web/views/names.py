"""The wall of names of a campaign: the newest, and the one that somebody looks for."""

from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from jusha.campaigns import queries as campaigns
from jusha.campaigns.live import queries as live
from jusha.campaigns.live.hang_names import report_name
from jusha.campaigns.live.wall_rules import FOUND_MAX, REPORT_MAX
from jusha.web import shed
from jusha.web.gate import Gate
from jusha.web.limits import address_of
from jusha.web.shed_rules import Level

SHOWN: Final = 60
ASKED_MAX: Final = 20
DIGITS_MAX: Final = 15
SEE_OTHER: Final = 303
TOO_MANY: Final = 429
GATE: Final = Gate(device=(3, 3), address=(20, 20))
"""Reports of one address in ten minutes: a name is hidden by one, so nobody may hide many."""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def names(request: HttpRequest, code: str) -> HttpResponse:
    """Show the wall; look for a name, or report one.

    What is looked for comes as a form's body: a name has no place in an address or a log.
    """
    found = campaigns.find(code)
    if found is None:
        raise Http404(code)
    let_go = shed.level() >= Level.WALL
    asked = request.POST.get("name", "").strip()[:ASKED_MAX]
    context: dict[str, Any] = {
        "campaign": found,
        "let_go": let_go,
        "asked": asked,
        "reported": "reported" in request.GET,
        "most": FOUND_MAX,
        "too_many": False,
        "shown": [],
    }
    if request.POST.get("do") == "report":
        if _report(request):
            return HttpResponseRedirect(f"{request.path}?reported", status=SEE_OTHER)
        return render(request, "web/names.html", context | {"too_many": True}, status=TOO_MANY)
    if asked and not let_go:
        context["shown"] = live.names_like(found.id, asked)
    elif not let_go:
        context["shown"] = live.newest_names(found.id, most=SHOWN)
    return render(request, "web/names.html", context)


def _report(request: HttpRequest) -> bool:
    """Hide a name until a person looked at it; False for who reported too many."""
    number = request.POST.get("number", "")
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    now_s = int(timezone.now().timestamp())
    if GATE.verdict(address, unpaid=0, now_s=now_s) != "pass":
        return False
    GATE.count(address, now_s=now_s)
    if number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX:
        report_name(int(number), words=request.POST.get("words", "")[:REPORT_MAX])
    return True
