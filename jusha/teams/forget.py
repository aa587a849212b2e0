"""What goes of teams with an erased account, and what a copy of its data says of them."""

from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone

from jusha.giving.donor_copy import MORE, Person, Row
from jusha.giving.erase_donor import BESIDES
from jusha.people.erasure_list import Line
from jusha.teams.company_models import (
    CompanyApplication,
    CompanyContact,
    CompanyProject,
    Employee,
)
from jusha.teams.lead_team import shut
from jusha.teams.models import Team, TeamMember


def forget_line(line: Line) -> None:
    """Close the teams that an erased account led, take its words away, and all that it was in.

    Writes: jusha_team, jusha_teamstep, jusha_teammember, jusha_employee,
    jusha_companycontact, jusha_companyproject.
    """
    with transaction.atomic():
        led = Team.objects.filter(captain__in=line.accounts)
        for code in led.order_by("id").values_list("code", flat=True):
            shut(code, by=None, now=timezone.now())
        led.update(captain=None, title="", story="", figure="")
        TeamMember.objects.filter(account__in=line.accounts).delete()
        Employee.objects.filter(account__in=line.accounts).delete()
        asked = CompanyApplication.objects.filter(account__in=line.accounts).values("pk")
        CompanyContact.objects.filter(application__in=asked).delete()
        CompanyProject.objects.filter(suggested_by__in=line.accounts).update(suggested_by=None)


def copy_rows(person: Person) -> Iterator[Row]:
    """The teams and companies that an account is in. Reads: jusha_teammember, jusha_employee."""
    if person.account is None:
        return
    for member in TeamMember.objects.filter(account=person.account.pk).order_by("id"):
        yield {"team": member.team, "at": member.at.isoformat()}
    for each in Employee.objects.filter(account=person.account.pk).order_by("id"):
        yield {"company": each.company, "at": each.at.isoformat()}


BESIDES.append(forget_line)
MORE.append(("teams", copy_rows))
