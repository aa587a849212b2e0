"""Reading charities for pages."""

from collections.abc import Iterable

from jusha.charities.models import Charity, Payee


def named(codes: Iterable[str]) -> dict[str, Charity]:
    """Charities by code, in one query; codes without a page are left out.

    Reads: jusha_charity.
    """
    return {charity.code: charity for charity in Charity.objects.filter(code__in=set(codes))}


def find(code: str) -> Charity | None:
    """The charity; None if no page was written for the code. Reads: jusha_charity."""
    return Charity.objects.filter(code=code).first()


def payee(code: str) -> Payee | None:
    """What settlement knows of the charity; None if it was never registered.

    Reads: charities_payee.
    """
    return Payee.objects.filter(code=code).first()
