"""Sign in with another mail address from now on."""

from allauth.account.models import EmailAddress
from django.db import transaction

from jusha.people.accounts import by_alias
from jusha.people.models import Mailbox, UserAccount


class AddressTakenError(Exception):
    """Another account signs in with this address."""


def change_address(account: UserAccount, *, alias: str) -> str:
    """Let an account sign in with the kept address behind `alias`; return the alias before.

    Whoever calls has seen a code come back from the new address. The old one is forgotten by the
    caller, once its owner was told (`forget_address`). Raises AddressTakenError.
    Writes: account_emailaddress.
    """
    with transaction.atomic():
        Mailbox.objects.select_for_update().get(alias=alias)
        holder = by_alias(alias)
        if holder is not None and holder.last_login is None and not holder.invited:
            holder.delete()  # opened by a code that nobody ever brought back
            holder = None
        if holder is not None and holder != account:
            raise AddressTakenError
        mine = EmailAddress.objects.select_for_update().get(user=account, primary=True)
        before, mine.email, mine.verified = mine.email, alias, True
        mine.save(update_fields=["email", "verified"])
    return str(before)


def forget_address(alias: str) -> None:
    """Erase an address that no account signs in with. Writes: jusha_mailbox."""
    if by_alias(alias) is None:
        Mailbox.objects.filter(alias=alias).delete()
