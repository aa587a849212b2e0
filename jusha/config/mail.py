"""How letters leave: to files in the sandbox, by SMTP where JUSHA_MAIL_URL says so, else not."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
HOW: Final = "JUSHA_MAIL_URL is written smtps://user:password@host, smtp+starttls://… or smtp://…"
FILES: Final = "django.core.mail.backends.filebased.EmailBackend"
SMTP: Final = "django.core.mail.backends.smtp.EmailBackend"
NOWHERE: Final = "django.core.mail.backends.dummy.EmailBackend"
TIMEOUT_S: Final = 10
"""A sign-in waits for its letter's sending; a mail server that hangs must not hold a thread."""


class MailRefusedError(ValueError):
    """JUSHA_MAIL_URL cannot be read; the text says how it is written."""


class Mail(NamedTuple):
    """Where letters go; what a backend does not need is empty."""

    backend: str
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False
    timeout_s: int = TIMEOUT_S
    folder: str = ""

    @property
    def leaves(self) -> bool:
        """Whether a letter gets anywhere at all."""
        return self.backend != NOWHERE


def read_mail(environ: Mapping[str, str], *, home: Path, sandbox: bool) -> Mail:
    """Read where letters go.

    `JUSHA_MAIL_URL` is smtps://user:password@host, smtp+starttls://… or smtp://…, with a port if
    it is another; without it letters become files in `home`/mail in the sandbox, and elsewhere
    nothing is sent: pages then say that nobody can sign in. Raises MailRefusedError.
    """
    url = environ.get("JUSHA_MAIL_URL", "")
    if not url:
        if sandbox:
            return Mail(FILES, folder=str(home / "mail"))
        return Mail(NOWHERE)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise MailRefusedError(HOW) from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise MailRefusedError(HOW)
    return Mail(
        SMTP,
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+starttls",
        tls=parts.scheme == "smtps",
    )
