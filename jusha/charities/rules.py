"""What members of a charity may do. Pure."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What an account does in one charity; one role a charity."""

    VIEWER = "viewer"
    """Sees the charity's desk."""
    PROGRAMME = "programme"
    """Writes about projects, answers donors."""
    FINANCE = "finance"
    """Decides about money: refunds, spending, receipts."""


ROLES: Final = tuple(str(role) for role in Role)
ORGANISATIONS: Final = ("foundation", "association", "service")
"""基金会、社会团体、社会服务机构: the three forms of a charity (Charity Law section 8)."""
POLICY: Final = 1
"""Which wording of the platform's rules holds (web/parts/charity_policy.html)."""


def covers(held: str, wanted: str) -> bool:
    """Say whether who holds one role may do what another asks for.

    Every role sees what a viewer sees; programme and finance do not stand in for each other.
    """
    return held == wanted or (wanted == Role.VIEWER and held in ROLES)
