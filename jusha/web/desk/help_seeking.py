"""People in need who were led to a charity, at its desk: read once, taken up, forgotten."""

from typing import Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from jusha.charities.rules import Role
from jusha.oversight import help as referrals
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
DIGITS_MAX: Final = 15


def waiting(staff: Staff) -> int:
    """How many wait to be taken up. Reads: jusha_helpreferral."""
    return referrals.count_waiting(staff.charities(Role.PROGRAMME))


@require_role(Role.PROGRAMME)
def help_asked(request: DeskRequest) -> HttpResponse:
    """List who was led here; note that one was taken up."""
    mine = request.staff.charities(Role.PROGRAMME)
    if request.method == "POST":
        pressed = request.POST.get("number", "")
        number = int(pressed) if pressed.isdecimal() and len(pressed) <= DIGITS_MAX else 0
        referrals.take(number, charities=mine, by=request.account.pk, now=timezone.now())
        return HttpResponseRedirect(reverse("desk-help"), status=SEE_OTHER)
    context = {"rows": referrals.waiting(mine), "days": referrals.KEEP_DAYS}
    return render(request, "web/desk_help.html", context)
