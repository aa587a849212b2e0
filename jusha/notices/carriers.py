"""How a message leaves the house: by letter today; a short message or a service account alike.

A carrier is told the address, the words and a key that names the message, so that what is sent
again after a crash can be recognised by whoever carries it.
"""

from typing import NamedTuple, Protocol

from django.core.mail import EmailMessage


class Words(NamedTuple):
    """A message as it is read."""

    subject: str
    body: str


class Carrier(Protocol):
    """What carries messages. Raises OSError where it cannot now, and is asked again later."""

    name: str

    def carry(self, address: str, words: Words, *, key: str) -> None:
        """Send once; the same key is the same message."""
        ...


class Letters:
    """Mail, by Django's backend (config/mail.py)."""

    name = "mail"

    def __init__(self, host: str) -> None:
        """`host` is what stands behind the @ of a letter's id."""
        self._host = host

    def carry(self, address: str, words: Words, *, key: str) -> None:
        """Send a letter whose Message-ID is made of the key. Raises OSError (SMTP's errors are)."""
        letter = EmailMessage(words.subject, words.body, to=[address])
        letter.extra_headers["Message-ID"] = f"<{key}@{self._host}>"
        letter.send()
