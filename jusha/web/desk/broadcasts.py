"""What a charity tells its donors: written by one at the desk, sent by another."""

import re
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from jusha.charities.rules import Role
from jusha.notices import queries as notices
from jusha.notices.broadcast import NotBroadcastError, confirm, propose, withdraw
from jusha.notices.rules import TEXT_MAX
from jusha.projects import queries as projects
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff

NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}", re.ASCII)
SEE_OTHER: Final = 303
REFUSED: Final = 422


def waiting(staff: Staff) -> int:
    """How many broadcasts this person can send now. Reads: jusha_broadcast."""
    return notices.broadcasts_waiting(list(staff.charities(Role.PROGRAMME)), staff.signs_as)


@require_role(Role.VIEWER)
def broadcasts(request: DeskRequest) -> HttpResponse:
    """List a charity's broadcasts; write one, send another's, take one back."""
    mine = request.staff.charities(Role.PROGRAMME)
    error = ""
    if request.method == "POST" and mine:
        error = _done(request, mine)
        if not error:
            return HttpResponseRedirect(reverse("desk-broadcasts"), status=SEE_OTHER)
    found = notices.broadcasts(list(request.staff.charities(Role.VIEWER)))
    titles = projects.named({each.project for each in found})
    offers = [each for code in mine for each in projects.of_charity(code)]
    context: dict[str, Any] = {
        "rows": [
            (each, titles.get(each.project), each.by != request.staff.signs_as) for each in found
        ],
        "projects": offers,
        "may_write": bool(mine),
        "error": error,
        "most": TEXT_MAX,
        "typed": request.POST.get("text", "") if error else "",
    }
    return render(request, "web/desk_broadcasts.html", context, status=REFUSED if error else 200)


def _done(request: DeskRequest, mine: tuple[str, ...]) -> str:
    """Do what was pressed; what to say if it was refused, else ""."""
    number = request.POST.get("number", "")
    try:
        if "confirm" in request.POST and NUMBER.fullmatch(number):
            second, now = request.staff.signs_as, timezone.now()
            confirm(int(number), charities=mine, second=second, now=now)
        elif "withdraw" in request.POST and NUMBER.fullmatch(number):
            withdraw(int(number), charities=mine)
        else:
            return _written(request, mine)
    except NotBroadcastError as error:
        if str(error) == "same-person":
            return _("写的人和发的人要是两个人。请同事来发。")
        return _("这条消息已经发出或撤回了。没有改动任何东西。")
    return ""


def _written(request: DeskRequest, mine: tuple[str, ...]) -> str:
    project = projects.find(request.POST.get("project", ""))
    if project is None or project.charity.code not in mine:
        return _("请选您机构的一个项目。")
    try:
        propose(
            charity=project.charity.code,
            project=project.code,
            text=request.POST.get("text", ""),
            by=request.staff.signs_as,
        )
    except ValueError:
        return _("请写 1 到 500 个字。")
    return ""
