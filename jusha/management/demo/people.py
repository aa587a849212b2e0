"""The people of the demo world: invented, and only let in by a sandbox."""

from typing import Final

from jusha.charities.appoint import appoint, appoint_officer
from jusha.charities.rules import Role
from jusha.people.accounts import open_account
from jusha.people.rules import Office

DOMAIN: Final = "demo.invalid"
"""No letter can ever reach it (RFC 2606)."""
CHARITIES: Final = 3
PAIR: Final = ("a", "b")
DONOR: Final = f"donor@{DOMAIN}"


def finance_of(charity: str) -> tuple[str, ...]:
    """The two finance persons of a demo charity, by address."""
    return tuple(f"{charity}-{each}@{DOMAIN}" for each in PAIR)


def programme_of(charity: str) -> str:
    """The programme officer of a demo charity, by address."""
    return f"{charity}-programme@{DOMAIN}"


REVIEWERS: Final = tuple(f"reviewer-{each}@{DOMAIN}" for each in PAIR)
PLATFORM_FINANCE: Final = tuple(f"finance-{each}@{DOMAIN}" for each in PAIR)


def write_people(charities: list[str]) -> None:
    """Open the accounts of the demo's charities, offices and donor. Safe to repeat.

    Writes: jusha_useraccount, jusha_mailbox, jusha_member, jusha_officer.
    """
    for charity in charities[:CHARITIES]:
        for address in finance_of(charity):
            appoint(address, charity=charity, role=Role.FINANCE, demo=True)
        appoint(programme_of(charity), charity=charity, role=Role.PROGRAMME, demo=True)
    for address in REVIEWERS:
        appoint_officer(address, office=Office.REVIEWER, demo=True)
    for address in PLATFORM_FINANCE:
        appoint_officer(address, office=Office.FINANCE, demo=True)
    appoint_officer(f"operator@{DOMAIN}", office=Office.OPERATOR, demo=True)
    appoint_officer(f"auditor@{DOMAIN}", office=Office.AUDITOR, demo=True)
    open_account(DONOR, invited=True, demo=True)
