"""What reporters and staff say about a complaint: sealed, erasable, and nowhere else.

The address at which a reporter sees what became of it is made of the number and a secret of the
installation, so no table holds it.
"""

import base64
import hmac
import re
from typing import Final

from django.conf import settings

from jusha.oversight.models import ComplaintContact, ComplaintWords
from jusha.oversight.rules import ComplaintRefusedError
from jusha.people.mailbox import NotAnAddressError, normal
from jusha.people.vault import load, seal, unseal

SECRET: Final = "complaints"  # noqa: S105 - the name of a file
PHONE: Final = re.compile(r"\+?[0-9][0-9 -]{5,18}[0-9]", re.ASCII)
ADDRESS_BYTES: Final = 16


def keep_words(step: int, complaint: int, words: str) -> None:
    """Seal what was said in a step. Writes: jusha_complaintwords."""
    sealed = seal(_key("words"), words.encode(), _about(step))
    ComplaintWords.objects.create(step=step, complaint=complaint, sealed=sealed)


def read_words(complaint: int) -> dict[int, str]:
    """All that was said about a complaint, by step; what was erased is missing.

    Reads: jusha_complaintwords.
    """
    rows = ComplaintWords.objects.filter(complaint=complaint)
    key = _key("words")
    return {row.step: unseal(key, bytes(row.sealed), _about(row.step)).decode() for row in rows}


def read_contact_text(text: str) -> str:
    """A way to reach a reporter in its one spelling: a mail address, a phone number, or "".

    Raises ComplaintRefusedError("bad-contact").
    """
    text = text.strip()
    if not text or PHONE.fullmatch(text):
        return text
    try:
        return normal(text)
    except NotAnAddressError as error:
        raise ComplaintRefusedError("bad-contact") from error


def keep_contact(complaint: int, contact: str) -> None:
    """Seal how a reporter is reached. Writes: jusha_complaintcontact."""
    sealed = seal(_key("contact"), contact.encode(), _about(complaint))
    ComplaintContact.objects.create(complaint=complaint, sealed=sealed)


def read_contact(complaint: int) -> str:
    """How the reporter is reached; "" if they did not say, or it was erased.

    Reads: jusha_complaintcontact.
    """
    found = ComplaintContact.objects.filter(complaint=complaint).first()
    if found is None:
        return ""
    return unseal(_key("contact"), bytes(found.sealed), _about(complaint)).decode()


def is_mail(contact: str) -> bool:
    """Whether a contact is a mail address."""
    return "@" in contact


def secret_of(complaint: int) -> str:
    """The secret part of the reporter's address, 22 letters."""
    digest = hmac.digest(_key("address"), str(complaint).encode(), "sha256")[:ADDRESS_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def opens(complaint: int, secret: str) -> bool:
    """Whether a secret is that of the complaint's address."""
    return hmac.compare_digest(secret_of(complaint).encode(), secret.encode())


def _about(number: int) -> bytes:
    return f"complaint {number}".encode()


def _key(purpose: str) -> bytes:
    return hmac.digest(load(settings.HOME, SECRET), purpose.encode(), "sha256")
