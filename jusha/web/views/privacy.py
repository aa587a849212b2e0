"""My data: what is kept of me, what I agreed to, a copy of it, and erasing it. For guests too."""

from typing import Any

import structlog
from allauth.account.internal.flows.logout import logout
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from jusha.giving.donor_copy import pieces
from jusha.giving.erase_donor import StaffError, Whose, erase_donor
from jusha.people.accounts import address_of
from jusha.people.consent_rules import UnknownConsentError, kind_of
from jusha.people.consents import set_consent
from jusha.people.donor_keys import NewDonor
from jusha.people.models import UserAccount
from jusha.web.browser import browser_donor, donor_of, forget_browser, remember
from jusha.web.desk.guard import prove_first
from jusha.web.desk.staff import is_staff
from jusha.web.privacy import asked, parts, person_of, subject_of

SEE_OTHER = 303
BAD_REQUEST = 400
CLEAR = '"cookies", "storage"'
"""What the browser is asked to forget (W3C Clear Site Data): also receipts that it keeps itself."""

log = structlog.get_logger("privacy")


@never_cache
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept and why, what this person agreed to, and the ways to a copy and to erasing."""
    account = request.user if isinstance(request.user, UserAccount) else None
    person = person_of(request)
    context: dict[str, Any] = {
        "account": account,
        "address": address_of(account) if account else "",
        "orders": len(person.orders),
        "asked": asked(request),
        "known": bool(account or person.donors or person.orders),
    }
    return render(request, "web/privacy.html", context)


@never_cache
@require_POST
def consent(request: HttpRequest) -> HttpResponse:
    """Give or withdraw one consent: the same button, the same effort."""
    try:
        kind = kind_of(request.POST.get("kind", ""))
    except UnknownConsentError:
        return HttpResponse(status=BAD_REQUEST)
    if request.POST.get("given") not in {"0", "1"}:
        return HttpResponse(status=BAD_REQUEST)
    if request.POST.get("version") != str(kind.version):
        return HttpResponseRedirect(reverse("privacy"), status=SEE_OTHER)  # another wording by now
    answer = HttpResponseRedirect(f"{reverse('privacy')}#{kind.name}", status=SEE_OTHER)
    subject = subject_of(request)
    given = request.POST.get("given") == "1"
    if subject is None:
        donor = donor_of(request)
        subject = donor.id if isinstance(donor, NewDonor) else donor
        remember(request, answer)
    set_consent(subject, kind.name, given=given)
    return answer


@never_cache
@require_safe
def copy(request: HttpRequest) -> HttpResponse:
    """The copy as a page; an account proves first who it is."""
    if (led := _prove(request)) is not None:
        return led
    return render(request, "web/privacy_copy.html", {"parts": list(parts(person_of(request)))})


@never_cache
@require_safe
def copy_file(request: HttpRequest) -> HttpResponseBase:
    """The copy as one JSON file, streamed; an account proves first who it is."""
    if (led := _prove(request)) is not None:
        return led
    now = timezone.now()
    answer = StreamingHttpResponse(
        pieces(person_of(request), made_at=now), content_type="application/json; charset=utf-8"
    )
    name = f"jusha-{timezone.localdate(now):%Y-%m-%d}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@never_cache
def erase(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays; then erase, at once and for good. Refused to staff."""
    if (led := _prove(request)) is not None:
        return led
    account = request.user if isinstance(request.user, UserAccount) else None
    person = person_of(request)
    error = ""
    if request.method == "POST":
        if request.POST.get("sure") != "1":
            error = "sure"
        elif (answer := _erased(request, account, person.orders)) is not None:
            return answer
    context = {
        "account": account,
        "address": address_of(account) if account else "",
        "orders": len(person.orders),
        "known": bool(account or person.donors or person.orders),
        "is_staff": bool(account and is_staff(account)),
        "error": error,
    }
    return render(request, "web/privacy_erase.html", context, status=422 if error else 200)


def _erased(
    request: HttpRequest, account: UserAccount | None, orders: tuple[int, ...]
) -> HttpResponse | None:
    """Erase, and let the browser forget; None for staff."""
    whose = Whose(account.pk if account else None, browser_donor(request), orders)
    try:
        erase_donor(whose, now=timezone.now())
    except StaffError:
        return None
    answer = HttpResponseRedirect(reverse("privacy-erased"), status=SEE_OTHER)
    logout(request)
    forget_browser(answer)
    answer["Clear-Site-Data"] = CLEAR
    return answer


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    """Say that it is done."""
    return render(request, "web/privacy_erased.html", {})


def _prove(request: HttpRequest) -> HttpResponse | None:
    if isinstance(request.user, UserAccount):
        return prove_first(request)
    return None
