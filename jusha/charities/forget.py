"""Forget what people said who asked for a charity to be admitted, when they are erased."""

from collections.abc import Collection
from uuid import UUID

from jusha.charities.models import Application, ApplicationReturn


def forget_applications(accounts: Collection[UUID]) -> None:
    """Delete the applications of accounts that led to no admission; the others explain one.

    An application tells who is to be asked, and a person may have that erased (PIPL article 47).
    Writes: jusha_application, jusha_applicationreturn.
    """
    gone = Application.objects.filter(account__in=accounts, admission__isnull=True)
    numbers = list(gone.values_list("pk", flat=True))
    ApplicationReturn.objects.filter(application__in=numbers).delete()
    Application.objects.filter(pk__in=numbers).delete()
