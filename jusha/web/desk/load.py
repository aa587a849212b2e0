"""What is let go under load, at the desk: the level, why, since when; an operator may hold one."""

from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.people.rules import Office
from jusha.web import shed
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.shed_rules import Level

SEE_OTHER: Final = 303
WORDS: Final[dict[Level, Promise]] = {
    Level.WALL: _("名字墙"),
    Level.RANKINGS: _("榜"),
    Level.CURVE: _("大屏的曲线和地图"),
    Level.SNAPSHOTS: _("首页、活动页和项目页（改看几秒前的文件）"),
    Level.DONATE_ONLY: _("捐款以外的页面"),
}


def waiting(_staff: Staff) -> int:
    """One, while anything is let go."""
    told = shed.told()
    return int(told is not None and told.level > Level.NOTHING)


@require_role(Office.OPERATOR, Office.AUDITOR)
def load(request: DeskRequest) -> HttpResponse:
    """Show what is let go; hold a level, or give it back to the governor."""
    if request.method == "POST":
        asked = request.POST.get("level", "")
        levels = {str(int(each)): each for each in Level}
        if asked in levels or asked == "auto":
            shed.set_switch(levels.get(asked), by=str(request.account.pk), now=timezone.now())
        return HttpResponseRedirect(reverse("desk-load"), status=SEE_OTHER)
    told = shed.told()
    limits = settings.JUSHA_SHED
    level = told.level if told else Level.NOTHING
    steps = [
        (each, WORDS[each], each <= level, limits.settling_s[each - 1],
         limits.door_waiting[each - 1], limits.web_ms[each - 1])
        for each in WORDS
    ]  # fmt: skip
    context = {
        "told": told,
        "level": level,
        "steps": steps,
        "switch": shed.switch(),
        "may": request.staff.office == Office.OPERATOR,
        "changes": [
            each | {"when": datetime.fromtimestamp(each["at"], UTC)}
            for each in (told.changes if told else [])
        ],
    }
    return render(request, "web/desk_load.html", context)
