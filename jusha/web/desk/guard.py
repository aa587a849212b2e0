"""Who may open a page of the desk, and what the others are told."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

import structlog
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache

from jusha.charities import queries as charities
from jusha.people.models import UserAccount
from jusha.people.rules import Office
from jusha.web.desk.staff import Staff, Wanted, has_factor, last_proof_at, needs_factor, staff_of

P = ParamSpec("P")
SAFE: Final = frozenset({"GET", "HEAD"})
FRESH_SECONDS: Final = 600
"""Before what cannot be taken back, a person proves again who they are (ASVS 7.5.1)."""

log = structlog.get_logger("desk")


class DeskRequest(HttpRequest):
    """A request whose person may do what the page asks for."""

    account: UserAccount
    staff: Staff


def require_role(
    *wanted: Wanted, fresh: bool = False
) -> Callable[
    [Callable[Concatenate[DeskRequest, P], HttpResponse]],
    Callable[..., HttpResponse],
]:
    """Open a view only for staff who hold one of `wanted`; it gets request.account and .staff.

    A role is asked for in the charity that the address names (argument `charity`), and in any
    where it names none: then the view keeps to `request.staff.charities(role)`. An auditor opens
    what names Office.AUDITOR and changes nothing: for them every method but GET is refused.
    `fresh`: the person proved who they are in the last ten minutes, else does so first.
    Strangers are led to the sign-in, staff without a second factor to setting one up, all others
    get a page (403) that says what happened and whom to ask.
    """

    def decorate(
        view: Callable[Concatenate[DeskRequest, P], HttpResponse],
    ) -> Callable[..., HttpResponse]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            charity = str(kwargs.get("charity", ""))
            led = lead_away(request, wanted, charity=charity, fresh=fresh)
            return led if led is not None else view(request, *args, **kwargs)  # type: ignore[arg-type]

        return guarded

    return decorate


def lead_away(
    request: HttpRequest, wanted: tuple[Wanted, ...], *, charity: str, fresh: bool
) -> HttpResponse | None:
    """The answer to who may not open a page; None, with account and staff set, to who may."""
    account = request.user
    if not isinstance(account, UserAccount):
        return redirect_to_login(request.get_full_path())
    staff = staff_of(account)
    if staff is None:
        return refuse(request, "not-staff", wanted, charity=charity)
    if needs_factor(account) and not has_factor(account):
        return HttpResponseRedirect(reverse("mfa_activate_totp"))
    held = [each for each in wanted if staff.holds(each, charity=charity)]
    looks = all(each is Office.AUDITOR for each in held)
    if not held or (looks and request.method not in SAFE):
        return refuse(request, "auditor" if held else "other-role", wanted, charity=charity)
    request.account, request.staff = account, staff  # type: ignore[attr-defined]
    return prove_first(request) if fresh else None


def prove_first(request: HttpRequest, *, back: str = "") -> HttpResponse | None:
    """The way to proving again who this is; None within ten minutes of having done so.

    It leads back to this page, or to `back`, where what was being sent is to be sent once more.
    """
    if time.time() - last_proof_at(request) <= FRESH_SECONDS:
        return None
    way = urlencode({"next": back or request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('account_again')}?{way}")


def refuse(
    request: HttpRequest, why: str, wanted: tuple[Wanted, ...], *, charity: str
) -> HttpResponse:
    """Say what happened and whom to ask."""
    log.info("desk_refused", why=why, account=str(request.user.pk), path=request.path)
    context: dict[str, Any] = {
        "why": why,
        "wanted": [
            {"side": "platform" if isinstance(each, Office) else "charity", "role": str(each)}
            for each in wanted
        ],
        "charity": charities.find(charity) if charity else None,
    }
    return render(request, "web/desk_refused.html", context, status=403)
