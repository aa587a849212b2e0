"""A company's people come in by their work address or a code, and leave without a trace."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.timezone import localdate

from jusha.people.accounts import address_of
from jusha.people.models import UserAccount
from jusha.projects.queries import find as find_project
from jusha.teams.codes import new_token
from jusha.teams.company_models import Company, CompanyCode, CompanyProject, Employee
from jusha.teams.company_queries import is_employee, is_own, speaks_for
from jusha.teams.company_rules import TEXT_MAX, CompanyRefusedError, is_of_domain


def join_company(code: str, *, account: UserAccount, typed: str = "") -> Employee:
    """Be one of a company's people: by the address that the account proved, or by the code.

    Raises CompanyRefusedError: "unknown", "code-wrong", "mail". Writes: jusha_employee.
    """
    company = Company.objects.filter(code=code).first()
    if company is None:
        raise CompanyRefusedError("unknown")
    if typed:
        held = CompanyCode.objects.filter(company=code).values_list("code", flat=True).first()
        if held is None or not secrets.compare_digest(held.encode(), typed.strip().encode()):
            raise CompanyRefusedError("code-wrong")
    elif not is_of_domain(address_of(account), company.domain):
        raise CompanyRefusedError("mail")
    made, _ = Employee.objects.get_or_create(
        company=code, account=account.pk, defaults={"how": "code" if typed else "mail"}
    )
    return made


def leave_company(code: str, *, account: UUID) -> None:
    """Be one of its people no longer; gifts stay given. Safe to repeat. Writes: jusha_employee."""
    Employee.objects.filter(company=code, account=account).delete()


def change_code(code: str, *, by: UUID) -> None:
    """Make another code for the company's people; who is in stays in.

    Raises CompanyRefusedError("not-yours"). Writes: jusha_companycode.
    """
    if not speaks_for(code, by):
        raise CompanyRefusedError("not-yours")
    CompanyCode.objects.update_or_create(company=code, defaults={"code": new_token()})


def suggest_project(code: str, project: str, *, by: UUID) -> None:
    """Suggest a project that the company could match; the representative answers. Safe to repeat.

    Raises CompanyRefusedError: "not-yours", "project". Writes: jusha_companyproject.
    """
    if not is_employee(code, by) and not speaks_for(code, by):
        raise CompanyRefusedError("not-yours")
    if find_project(project) is None:
        raise CompanyRefusedError("project")
    CompanyProject.objects.get_or_create(
        company=code, project=project, defaults={"suggested_by": by}
    )


def answer_project(
    code: str, project: str, *, approve: bool, declared: str, by: UUID, now: datetime
) -> None:
    """Say whether the company matches a project; its own only where that is told in public.

    Raises CompanyRefusedError: "not-yours", "project", "self-match".
    Writes: jusha_companyproject.
    """
    declared = declared.strip()[:TEXT_MAX]
    if not speaks_for(code, by):
        raise CompanyRefusedError("not-yours")
    with transaction.atomic():
        row = CompanyProject.objects.select_for_update().filter(company=code, project=project)
        found = row.first()
        if found is None:
            raise CompanyRefusedError("project")
        company = Company.objects.get(code=code)
        own = is_own(company, project, today=localdate(now))
        if approve and own and not declared:
            raise CompanyRefusedError("self-match")
        row.update(
            state="approved" if approve else "declined", answered_by=by, answered_at=now,
            declared=declared if own else "",
        )  # fmt: skip
