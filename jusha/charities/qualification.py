"""Whether a charity may raise money in public on a day: its certificate says. Pure."""

from datetime import date
from typing import Literal, Protocol

Standing = Literal["valid", "none", "not-yet", "expired"]


class Validity(Protocol):
    """What a certificate says of its time; both days belong to it."""

    @property
    def valid_from(self) -> date:
        """Its first day."""
        ...

    @property
    def valid_until(self) -> date:
        """Its last day."""
        ...


def standing(certificate: Validity | None, today: date) -> Standing:
    """Say how a charity's certificate stands on a Shanghai day; only `valid` may take orders.

    Charity Law, section 22.
    What was ordered or paid before is settled all the same: the money is the donor's decision.
    """
    if certificate is None:
        return "none"
    if today < certificate.valid_from:
        return "not-yet"
    return "expired" if today > certificate.valid_until else "valid"


def days_left(certificate: Validity, today: date) -> int:
    """Days on which orders may still be taken, today among them; 0 when it is over."""
    return max((certificate.valid_until - today).days + 1, 0)
