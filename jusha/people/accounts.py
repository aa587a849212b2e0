"""Accounts: opening, finding, ending their sessions, and sweeping what was never used."""

from datetime import datetime, timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db import transaction

from jusha.people import mailbox
from jusha.people.models import Mailbox, Officer, UserAccount
from jusha.people.rules import Office

UNUSED_AFTER: Final = timedelta(days=1)


def open_account(address: str, *, invited: bool = False, demo: bool = False) -> UserAccount:
    """Open an account for a mail address, unconfirmed until its first code comes back.

    `invited`: by `jusha staff`, so it waits for its person as long as it takes.

    Safe to repeat: an address that has an account keeps it, also a closed one. Raises
    NotAnAddressError. Writes: jusha_useraccount, jusha_mailbox, account_emailaddress.
    """
    alias = mailbox.keep(address)
    with transaction.atomic():
        Mailbox.objects.select_for_update().get(alias=alias)
        found = by_alias(alias)
        if found is not None:
            if invited and not found.invited:
                found.invited = True
                found.save(update_fields=["invited"])
            return found
        account = UserAccount.objects.open(invited=invited, demo=demo)
        EmailAddress.objects.create(user=account, email=alias, primary=True)
    return account


def by_alias(alias: str) -> UserAccount | None:
    """The account that signs in with the address behind an alias; None if there is none."""
    found = EmailAddress.objects.filter(email=alias).select_related("user").first()
    return found.user if found else None


def find(address: str) -> UserAccount | None:
    """The account of a mail address; None if there is none. Raises NotAnAddressError."""
    return by_alias(mailbox.alias_of(address))


def address_of(account: UserAccount) -> str:
    """The mail address an account signs in with; "" if it was erased."""
    alias = EmailAddress.objects.filter(user=account, primary=True).first()
    try:
        return mailbox.address_behind(alias.email) if alias else ""
    except mailbox.MailboxErasedError:
        return ""


def office_of(account: UserAccount) -> Office | None:
    """The office an account holds on the platform; None for most. Reads: jusha_officer."""
    found = Officer.objects.filter(account=account).values_list("office", flat=True).first()
    return Office(found) if found else None


def is_held(office: Office) -> bool:
    """Whether anybody holds an office. Reads: jusha_officer."""
    return Officer.objects.filter(office=office).exists()


def end_sessions(account: UserAccount) -> None:
    """End every session of an account, everywhere; the next request of each is a stranger's.

    Writes: jusha_useraccount.
    """
    account.set_unusable_password()
    account.save(update_fields=["password"])


def remove(account: UserAccount) -> None:
    """Delete an account with its address, second factor and list of kept orders, and no more.

    A person who asks to be erased is erased as a whole (giving/erase_donor.py). Staff are
    dismissed first: the database refuses to delete them (IntegrityError).
    Writes: jusha_useraccount and what hangs on it, jusha_mailbox.
    """
    with transaction.atomic():
        aliases = list(EmailAddress.objects.filter(user=account).values_list("email", flat=True))
        account.delete()
        Mailbox.objects.filter(alias__in=aliases).delete()


def sweep_unused(*, now: datetime) -> int:
    """Erase accounts that asked for a code and never came back with it; say how many.

    Addresses that no account moved to go as well. Who was invited is spared: staff are named
    days before they first sign in.
    Writes: jusha_useraccount, jusha_mailbox.
    """
    unused = UserAccount.objects.filter(
        last_login=None, invited=False, created_at__lt=now - UNUSED_AFTER
    )
    swept = 0
    for account in unused:
        remove(account)
        swept += 1
    used = EmailAddress.objects.values("email")
    Mailbox.objects.filter(created_at__lt=now - UNUSED_AFTER).exclude(alias__in=used).delete()
    return swept


def sweep_sessions(*, now: datetime) -> int:
    """Forget sessions that ended by themselves; say how many. Writes: django_session."""
    gone, _ = Session.objects.filter(expire_date__lt=now).delete()
    return gone
