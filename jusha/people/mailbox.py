"""Mail addresses in the vault: every other table, and the sign-in library, knows an alias.

The alias is a keyed hash of the address and looks like an address itself, so the library takes it
for one: it stores, compares and counts aliases, and only the letter's last step opens the vault.
"""

import base64
import hmac
import unicodedata
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from jusha.people.models import Mailbox
from jusha.people.vault import load, seal, unseal

SECRET: Final = "mailbox"  # noqa: S105 - the name of a file
"""Hash and seal have keys of their own, both made from this secret."""
ALIAS_BYTES: Final = 20
SEALED_DOMAIN: Final = "sealed.invalid"
"""No such domain can exist (RFC 2606), so an alias that slips out reaches nobody."""
ADDRESS_MAX: Final = 254


class NotAnAddressError(ValueError):
    """The text is no mail address."""


class MailboxErasedError(Exception):
    """The address behind an alias was erased, or never was here."""


def normal(address: str) -> str:
    """The one spelling of an address: NFKC, no spaces around, lower case.

    Raises NotAnAddressError.
    """
    text = unicodedata.normalize("NFKC", address).strip().lower()
    try:
        validate_email(text)
    except ValidationError as error:
        raise NotAnAddressError from error
    if len(text) > ADDRESS_MAX or text.endswith(f"@{SEALED_DOMAIN}"):
        raise NotAnAddressError
    return text


def alias_of(address: str) -> str:
    """The alias of an address, the same at every time. Raises NotAnAddressError."""
    digest = hmac.digest(_key("alias"), normal(address).encode(), "sha256")[:ALIAS_BYTES]
    return f"{base64.b32encode(digest).decode().lower()}@{SEALED_DOMAIN}"


def keep(address: str) -> str:
    """Seal an address and return its alias; safe to repeat.

    Raises NotAnAddressError. Writes: jusha_mailbox.
    """
    alias = alias_of(address)
    sealed = seal(_key("seal"), normal(address).encode(), alias.encode())
    Mailbox.objects.get_or_create(alias=alias, defaults={"sealed": sealed})
    return alias


def address_behind(alias: str) -> str:
    """The address that an alias stands for. Raises MailboxErasedError. Reads: jusha_mailbox."""
    found = Mailbox.objects.filter(alias=alias).first()
    if found is None:
        raise MailboxErasedError(alias)
    return unseal(_key("seal"), bytes(found.sealed), alias.encode()).decode()


def masked(address: str) -> str:
    """An address as its owner recognises it and a passer-by does not: l•••@example.org."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}•••@{domain}"


def _key(purpose: str) -> bytes:
    return hmac.digest(load(settings.HOME, SECRET), purpose.encode(), "sha256")
