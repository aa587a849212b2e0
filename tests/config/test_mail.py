"""Where letters go is read from one address, and nowhere is a way too."""

from pathlib import Path

import pytest

from jusha.config.mail import FILES, NOWHERE, SMTP, MailRefusedError, read_mail

HOME = Path("/somewhere")


def test_the_sandbox_writes_letters_to_a_folder() -> None:
    mail = read_mail({}, home=HOME, sandbox=True)
    assert (mail.backend, mail.folder, mail.leaves) == (FILES, "/somewhere/mail", True)


def test_elsewhere_nothing_is_sent_until_it_is_said_how() -> None:
    mail = read_mail({}, home=HOME, sandbox=False)
    assert (mail.backend, mail.leaves) == (NOWHERE, False)


@pytest.mark.parametrize(
    ("url", "port", "starttls", "tls"),
    [
        ("smtps://jusha:p%40ss@mail.example.org", 465, False, True),
        ("smtp+starttls://jusha:p%40ss@mail.example.org", 587, True, False),
        ("smtp://jusha:p%40ss@mail.example.org:2525", 2525, False, False),
    ],
)
def test_an_address_says_host_port_user_and_how_it_is_sealed(
    url: str, port: int, *, starttls: bool, tls: bool
) -> None:
    mail = read_mail({"JUSHA_MAIL_URL": url}, home=HOME, sandbox=True)
    assert mail.backend == SMTP
    assert (mail.host, mail.port) == ("mail.example.org", port)
    assert (mail.user, mail.password) == ("jusha", "p@ss")
    assert (mail.starttls, mail.tls) == (starttls, tls)


@pytest.mark.parametrize("url", ["mail.example.org", "http://x", "smtp://", "smtps://x:port"])
def test_another_spelling_is_refused_with_the_right_one(url: str) -> None:
    with pytest.raises(MailRefusedError, match="smtps://user:password@host"):
        read_mail({"JUSHA_MAIL_URL": url}, home=HOME, sandbox=False)
