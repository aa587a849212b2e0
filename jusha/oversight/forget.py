"""Forget what reporters wrote: at their wish, and when the law keeps it no longer.

A reporter has no account; who knows the complaint's secret address is its reporter. Their wish
stands in the erasure list (people/erasure_list.py), so that a restored backup forgets again. Two
steps, as for donors: at once the contact and the letters that wait; what was said is needed until
the complaint is closed, then nobody reads it any more, and it is deleted after the years for which
a platform keeps its records (R-MZ-11). The facts of a complaint hold no person's data and stay.
"""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.utils.timezone import localdate, localtime

from jusha.giving.erase_donor import BESIDES, carry_out
from jusha.law.queries import figure
from jusha.oversight.models import (
    Complaint,
    ComplaintContact,
    ComplaintErased,
    ComplaintLetter,
    ComplaintStep,
    ComplaintWords,
)
from jusha.oversight.rules import years_later
from jusha.people import erasure_list
from jusha.people.erasure_list import Line

KEEP_YEARS: Final = "records-keep-years"
"""The figure of the law of the day on which a complaint was closed."""
CONTACT_DAYS: Final = 30
"""How long behind its closing a contact is kept: its last letter may have to be sent again."""
PART: Final = 1_000
"""Rows a statement."""


def erase_complaint(number: int, *, now: datetime) -> None:
    """Erase a complaint for its reporter: the first step, done when it returns.

    Raises ListDamagedError, OSError: then nothing was erased.
    Writes: the erasure list, and what `forget_line` writes.
    """
    line = erasure_list.append(
        settings.HOME,
        id_=uuid4(),
        at_s=int(now.timestamp()),
        accounts=[],
        donors=[],
        orders=[],
        complaints=[number],
    )
    carry_out(line)


def forget_line(line: Line) -> None:
    """Do what a line of the erasure list says of complaints; safe to repeat.

    Writes: jusha_complaintcontact, jusha_complaintletter, jusha_complainterased.
    """
    known = Complaint.objects.filter(pk__in=line.complaints).values_list("pk", flat=True)
    rows = [ComplaintErased(complaint=number) for number in known]
    _forget_contacts(line.complaints)
    ComplaintErased.objects.bulk_create(rows, ignore_conflicts=True)


def let_go(now: datetime) -> dict[str, int]:
    """Forget what time is over for; how many contacts, and how many complaints' words.

    Reads: jusha_complaintstep, jusha_lawrule. Writes: jusha_complaintcontact,
    jusha_complaintletter, jusha_complaintwords, jusha_complainterased.
    """
    today = localtime(now).date()
    closed = ComplaintStep.objects.filter(did="closed")
    late = closed.filter(at__lt=now - timedelta(days=CONTACT_DAYS))
    reached = ComplaintContact.objects.filter(complaint__in=late.values("complaint"))
    contacts = list(reached.values_list("complaint", flat=True)[:PART])
    said = ComplaintWords.objects.filter(complaint__in=closed.values("complaint"))
    waiting = set(said.values_list("complaint", flat=True).distinct())
    ends = closed.filter(complaint__in=waiting).values_list("complaint", "at")
    gone = [number for number, at in ends if keep_until(localdate(at)) < today][:PART]
    with transaction.atomic():
        _forget_contacts(contacts)
        ComplaintWords.objects.filter(complaint__in=gone).delete()
        ComplaintErased.objects.filter(complaint__in=gone).delete()
    return {"contacts": len(contacts), "complaints": len(gone)}


def keep_until(closed_on: date) -> date:
    """The last day on which the words of a complaint that was closed on a day are kept."""
    return years_later(closed_on, figure(KEEP_YEARS, on=closed_on))


def is_erased(complaint: int) -> bool:
    """Whether its reporter had it erased. Reads: jusha_complainterased."""
    return ComplaintErased.objects.filter(pk=complaint).exists()


def _forget_contacts(complaints: Collection[int]) -> None:
    ComplaintContact.objects.filter(complaint__in=complaints).delete()
    ComplaintLetter.objects.filter(complaint__in=complaints).delete()


BESIDES.append(forget_line)
