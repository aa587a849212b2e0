"""The wall of names at the desk: what waits for a person, and the words that hold a name back."""

from typing import Final

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from jusha.campaigns.live import queries as live
from jusha.campaigns.live.hang_names import add_word, decide_name
from jusha.campaigns.live.wall_rules import State
from jusha.people.rules import Office
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
DIGITS_MAX: Final = 15
WORD_MAX: Final = 40


def waiting(staff: Staff) -> int:
    """How many names wait for this reviewer. Reads: jusha_wallname."""
    return live.count_waiting() if staff.office == Office.REVIEWER else 0


@require_role(Office.REVIEWER, Office.AUDITOR)
def wall(request: DeskRequest) -> HttpResponse:
    """List names that wait; show one or remove it for good; hold back a word from now on."""
    if request.method == "POST":
        number, by = request.POST.get("number", ""), str(request.account.pk)
        do = request.POST.get("do", "")
        known = number.isascii() and number.isdigit() and len(number) <= DIGITS_MAX
        if do in {"show", "remove"} and known:
            decide_name(int(number), show=do == "show", by=by)
        elif do == "word":
            add_word(request.POST.get("word", "")[:WORD_MAX], by=by)
        return HttpResponseRedirect(reverse("desk-wall"), status=SEE_OTHER)
    context = {
        "rows": [(each, each.state == State.HIDDEN) for each in live.names_waiting()],
        "words": live.wall_words(),
        "may": request.staff.office == Office.REVIEWER,
    }
    return render(request, "web/desk_wall.html", context)
