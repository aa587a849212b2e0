"""Who works for a charity or holds an office on the platform: given and taken by the owner alone.

The web's role may read these tables and not write them, so no page can make anybody staff.
"""

from typing import NamedTuple

import structlog
from django.db import transaction

from jusha.charities.models import Charity, Member
from jusha.charities.rules import Role
from jusha.people.accounts import address_of, end_sessions, find, open_account
from jusha.people.models import Officer, UserAccount
from jusha.people.rules import Office

log = structlog.get_logger("staff")


class UnknownCharityError(Exception):
    """No charity has this code."""


class OfficeTakenError(Exception):
    """The account holds another office already; offices are not merged in one person."""


class TwoSidesError(Exception):
    """An officer of the platform does not also work for a charity, nor the other way round."""


class NotStaffError(Exception):
    """Nobody with this address has that role or office."""


class Post(NamedTuple):
    """One account's place: `charity` is "" for an office."""

    address: str
    charity: str
    role: str
    account: UserAccount


def appoint(address: str, *, charity: str, role: Role, demo: bool = False) -> UserAccount:
    """Let a person work for a charity; another role there is replaced. Safe to repeat.

    Raises NotAnAddressError, UnknownCharityError, TwoSidesError.
    Writes: jusha_member, and an account if the address has none.
    """
    if not Charity.objects.filter(code=charity).exists():
        raise UnknownCharityError(charity)
    with transaction.atomic():
        account = open_account(address, invited=True, demo=demo)
        if Officer.objects.filter(account=account).exists():
            raise TwoSidesError
        Member.objects.update_or_create(
            account=account, charity=charity, defaults={"role": str(role)}
        )
    log.info("staff_appointed", account=str(account.pk), charity=charity, role=str(role))
    return account


def appoint_officer(address: str, *, office: Office, demo: bool = False) -> UserAccount:
    """Give a person an office on the platform. Safe to repeat.

    Raises NotAnAddressError, OfficeTakenError for another office, TwoSidesError.
    Writes: jusha_officer, and an account if the address has none.
    """
    with transaction.atomic():
        account = open_account(address, invited=True, demo=demo)
        if Member.objects.filter(account=account).exists():
            raise TwoSidesError
        held, _ = Officer.objects.get_or_create(account=account, defaults={"office": str(office)})
        if held.office != office:
            raise OfficeTakenError(held.office)
    log.info("officer_appointed", account=str(account.pk), office=str(office))
    return account


def dismiss(address: str, *, charity: str = "") -> None:
    """Take a person's role in a charity, or with "" their office; their sessions end at once.

    Raises NotAnAddressError, NotStaffError. Writes: jusha_member or jusha_officer.
    """
    account = find(address)
    if account is None:
        raise NotStaffError
    if charity:
        gone, _ = Member.objects.filter(account=account, charity=charity).delete()
    else:
        gone, _ = Officer.objects.filter(account=account).delete()
    if not gone:
        raise NotStaffError
    end_sessions(account)
    log.info("staff_dismissed", account=str(account.pk), charity=charity)


def posts() -> list[Post]:
    """Everybody who is staff, officers first. Reads: jusha_member, jusha_officer, the vault."""
    officers = Officer.objects.select_related("account").order_by("office", "id")
    members = Member.objects.select_related("account").order_by("charity", "role", "id")
    return [
        *(Post(address_of(each.account), "", each.office, each.account) for each in officers),
        *(
            Post(address_of(each.account), each.charity, each.role, each.account)
            for each in members
        ),
    ]
