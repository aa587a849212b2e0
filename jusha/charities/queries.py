"""Reading charities for pages."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Case, OuterRef, QuerySet, Subquery, When

from jusha.charities.models import (
    Admission,
    Application,
    ApplicationReturn,
    Certificate,
    Charity,
    Member,
    Partner,
    Payee,
)
from jusha.charities.rules import Role


def named(codes: Iterable[str]) -> dict[str, Charity]:
    """Charities by code, in one query; codes without a page are left out.

    Reads: jusha_charity.
    """
    return {charity.code: charity for charity in Charity.objects.filter(code__in=set(codes))}


def find(code: str) -> Charity | None:
    """The charity; None if no page was written for the code. Reads: jusha_charity."""
    return Charity.objects.filter(code=code).first()


def certificate(code: str, today: date) -> Certificate | None:
    """The certificate that holds for the charity on a day, valid or not; None if nobody set one.

    Of those that have begun the newest row; one that was recorded early waits for its first day.
    Reads: jusha_certificate.
    """
    begun = Case(When(valid_from__lte=today, then=1), default=0)
    return Certificate.objects.filter(charity=code).order_by(begun.desc(), "-id").first()


def qualified(today: date) -> QuerySet[Certificate, Any]:
    """Codes of the charities that may take orders on a day, as a part of another question.

    Reads: jusha_certificate.
    """
    begun = Certificate.objects.filter(valid_from__lte=today)
    newest = begun.filter(charity=OuterRef("charity")).order_by("-id").values("id")
    valid = begun.filter(valid_until__gte=today)
    return valid.filter(id=Subquery(newest[:1])).values("charity")


def payee(code: str) -> Payee | None:
    """What settlement knows of the charity; None if it was never registered.

    Reads: charities_payee.
    """
    return Payee.objects.filter(code=code).first()


def roles_of(account: UUID) -> dict[str, Role]:
    """What an account does, by charity; empty for most. Reads: jusha_member."""
    found = Member.objects.filter(account=account).values_list("charity", "role")
    return {charity: Role(role) for charity, role in found.order_by("charity")}


def colleagues(charity: str, role: Role) -> list[UUID]:
    """Accounts in one role of one charity, longest there first. Reads: jusha_member."""
    found = Member.objects.filter(charity=charity, role=role).order_by("id")
    return list(found.values_list("account", flat=True))


def members(charity: str) -> list[Member]:
    """Who works for a charity, longest there first. Reads: jusha_member."""
    return list(Member.objects.filter(charity=charity).order_by("id"))


def after(code: str, *, count: int) -> list[Charity]:
    """The next charities behind a code, in the order of codes; "" begins with the first.

    Reads: jusha_charity.
    """
    return list(Charity.objects.filter(code__gt=code).order_by("code")[:count])


def application(number: int) -> Application | None:
    """An application by number. Reads: jusha_application."""
    return Application.objects.filter(pk=number).first()


def application_of(account: UUID) -> Application | None:
    """The newest application of an account; None for most. Reads: jusha_application."""
    return Application.objects.filter(account=account).order_by("-id").first()


def applications_open() -> QuerySet[Application]:
    """Applications that are neither handed back nor admitted, oldest first.

    Reads: jusha_application, jusha_applicationreturn, jusha_admission.
    """
    found = Application.objects.filter(returned__isnull=True, admission__isnull=True)
    return found.order_by("id")


def applications_ended(count: int) -> list[Application]:
    """The newest applications that were handed back or led to an admission. Reads as above."""
    ended = Application.objects.exclude(returned__isnull=True, admission__isnull=True)
    return list(ended.select_related("returned", "admission").order_by("-id")[:count])


def return_of(application: Application) -> ApplicationReturn | None:
    """With what words an application was handed back; None. Reads: jusha_applicationreturn."""
    return ApplicationReturn.objects.filter(application=application).first()


def is_open(application: Application) -> bool:
    """Whether an application still waits. Reads: jusha_applicationreturn, jusha_admission."""
    return (
        return_of(application) is None
        and not Admission.objects.filter(application=application).exists()
    )


def partners(code: str, day: date) -> list[Partner]:
    """Who works with a charity on a day (Charity Law section 26); the newest row of each holds.

    By name. None of them is ever paid: all money stands in the charity's account.
    Reads: jusha_partner.
    """
    newest = Partner.objects.filter(charity=code).order_by("uscc", "-id").distinct("uscc")
    held = [each for each in newest if each.valid_from <= day <= each.valid_until]
    return sorted(held, key=lambda each: (each.name, each.uscc))
