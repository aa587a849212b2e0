"""Money by files at the desk: transfers that are held, and batches beside the money for them."""

from datetime import timedelta
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from jusha.charities.rules import Role
from jusha.giving.remittance_rules import unsettled
from jusha.giving.remittances import batches
from jusha.giving.transfers import Held, count_held, held_lines
from jusha.inbox.connect import django_connection
from jusha.money.clock import day_text
from jusha.payments.bank_account import BANK
from jusha.people.rules import Office
from jusha.web.bill_words import word
from jusha.web.desk.guard import DeskRequest, require_role
from jusha.web.desk.staff import Staff
from jusha.web.rails import TRANSFER
from jusha.web.words import REASONS

LISTED_MAX: Final = 200
BATCHES_MAX: Final = 100
COUNTED: Final = timedelta(days=90)
"""How far back the desk's first page counts; the page of files itself lists what is older too."""
READ: Final = {
    "none": _("附言里没有订单"),
    "mistyped": _("附言写错了"),
    "several": _("附言里有几个订单"),
}
STATES: Final = {
    "matched": _("一致"),
    "short": _("少到"),
    "over": _("多到"),
    "no-money": _("款项未到"),
    "no-results": _("没有明细"),
}


def waiting(staff: Staff) -> int:
    """How many held lines and batches of the last 90 days that do not match this person sees."""
    connection, codes, since = django_connection(), seen_by(staff), now() - COUNTED
    held = count_held(connection, codes, since=since, limit=LISTED_MAX)
    return held + len(unsettled(batches(connection, codes=codes, since=since)))


def seen_by(staff: Staff) -> frozenset[str] | None:
    """Codes of the charities whose lines a person sees; None for all of them."""
    if staff.office in {Office.FINANCE, Office.AUDITOR}:
        return None
    return frozenset(staff.charities(Role.VIEWER))


@require_role(Role.VIEWER, Office.FINANCE, Office.AUDITOR)
def files(request: DeskRequest) -> HttpResponse:
    """List what is held with its reason, and each batch with what is missing."""
    connection, codes = django_connection(), seen_by(request.staff)
    found = batches(connection, codes=codes)
    rows = [(each, word(STATES, each.state), day_text(each.day)) for each in found[:BATCHES_MAX]]
    context: dict[str, Any] = {
        "held": [_row(each) for each in held_lines(connection, codes, limit=LISTED_MAX)],
        "batches": rows,
        "may_open": bool(request.staff.charities(Role.FINANCE))
        or request.staff.office == Office.FINANCE,
    }
    return render(request, "web/desk_files.html", context)


def _row(held: Held) -> dict[str, Any]:
    why = word(READ, held.read) if held.read in READ else word(REASONS, held.reason)
    return {"it": held, "channel": TRANSFER if held.channel == BANK else held.channel, "why": why}
