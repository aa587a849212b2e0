"""Reading charities for pages."""

from collections.abc import Iterable

from jusha.charities.models import Charity


def named(codes: Iterable[str]) -> dict[str, Charity]:
    """Charities by code, in one query; codes without a page are left out.

    Reads: jusha_charity.
    """
    return {charity.code: charity for charity in Charity.objects.filter(code__in=set(codes))}
