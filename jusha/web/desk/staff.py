"""Who is at the desk: an account with its office on the platform and its roles in charities."""

from dataclasses import dataclass

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from jusha.charities import queries as charities
from jusha.charities.rules import Role, covers
from jusha.people.accounts import office_of
from jusha.people.models import UserAccount
from jusha.people.rules import Office

Wanted = Role | Office
"""What a page asks for: a role in a charity, or an office on the platform."""


@dataclass(frozen=True, slots=True)
class Staff:
    """An account at work. `roles` are by charity code; most people have one."""

    account: UserAccount
    office: Office | None
    roles: dict[str, Role]

    def holds(self, wanted: Wanted, *, charity: str = "") -> bool:
        """Say whether this person is what is wanted; a role without `charity` is one anywhere."""
        if isinstance(wanted, Office):
            return self.office == wanted
        if charity:
            return covers(self.roles.get(charity, ""), wanted)
        return any(covers(role, wanted) for role in self.roles.values())

    def charities(self, wanted: Role) -> tuple[str, ...]:
        """Charities in which this person may do what a role may, by code."""
        return tuple(code for code, role in self.roles.items() if covers(role, wanted))

    @property
    def signs_as(self) -> str:
        """As whom instructions name this person: an opaque id, which pages resolve for staff."""
        return str(self.account.pk)


def staff_of(account: AbstractBaseUser | AnonymousUser) -> Staff | None:
    """The account as staff; None for a donor. Two questions. Reads: jusha_officer, jusha_member."""
    if not isinstance(account, UserAccount):
        return None
    office, roles = office_of(account), charities.roles_of(account.pk)
    return Staff(account, office, roles) if office or roles else None


def is_staff(account: AbstractBaseUser | AnonymousUser) -> bool:
    """Say whether an account has any office or role."""
    return staff_of(account) is not None


def needs_factor(account: UserAccount) -> bool:
    """Whether a second factor is asked of a member of staff: always, but for the sandbox's own."""
    return not (account.demo and settings.JUSHA_SIMULATOR)


def has_factor(account: UserAccount) -> bool:
    """Whether the account has set up a second factor. Reads: mfa_authenticator."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user=account, type__in=kinds).exists()


def last_proof_at(request: HttpRequest) -> int:
    """When this session last proved who it is, in Unix seconds; 0 if it never did."""
    account = request.user
    records = get_authentication_records(request, account) if account.is_authenticated else []
    return max((int(record["at"]) for record in records), default=0)
