"""The desk's first page: what waits today for the person who looks."""

from django.http import HttpResponse
from django.shortcuts import render

from jusha.charities import queries as charities
from jusha.charities.rules import Role
from jusha.people.accounts import address_of
from jusha.people.rules import Office
from jusha.web.desk.disclosures import due_next
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.panels import waiting


@require_role(Role.VIEWER, *Office)
def desk(request: DeskRequest) -> HttpResponse:
    """Today: what waits for this person, and in what capacity they are here."""
    staff = request.staff
    panels = waiting(staff)
    pages = charities.named(staff.roles)
    context = {
        "staff": staff,
        "address": address_of(staff.account),
        "waiting": [panel for panel in panels if panel.count],
        "others": [panel for panel in panels if not panel.count],
        "due": due_next(staff),
        "memberships": [(pages.get(code), code, role) for code, role in staff.roles.items()],
    }
    return render(request, "web/desk.html", context)
