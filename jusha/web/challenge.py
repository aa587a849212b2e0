"""A question that a person answers easily, and its place for a stronger one.

The built-in question is a sum in words: it can be read aloud, enlarged and answered from a
keyboard (WCAG 2.2, 1.1.1 and 3.3.8). It stops simple scripts only; an installation that is
attacked puts a service of its own behind the same two verbs.
"""

import hmac
import secrets
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from django.core import signing
from django.utils.translation import gettext as _

from jusha.people.vault import load

GOOD_SECONDS: Final = 600
SALT: Final = "challenge"


class Question(NamedTuple):
    """What is asked, and the token that goes with the answer."""

    text: str
    token: str


class Challenge(Protocol):
    """What a challenge must do; a visual one must offer another way as well."""

    def ask(self) -> Question:
        """Make a question."""
        ...

    def passes(self, token: str, answer: str) -> bool:
        """Whether an answer is right and its token is fresh."""
        ...


class Sum:
    """Two small numbers, added."""

    def __init__(self, key: bytes) -> None:
        """Sign tokens with a key of the installation."""
        self._key = key

    def ask(self) -> Question:
        """Make a sum of two numbers from 1 to 9."""
        one, other = secrets.randbelow(9) + 1, secrets.randbelow(9) + 1
        text = _("%(one)d 加 %(other)d 等于几？") % {"one": one, "other": other}
        return Question(text, signing.dumps(self._seal(one + other), key=self._key, salt=SALT))

    def passes(self, token: str, answer: str) -> bool:
        """Whether it is the sum, within ten minutes."""
        try:
            sealed = signing.loads(token, key=self._key, salt=SALT, max_age=GOOD_SECONDS)
        except signing.BadSignature:
            return False
        nonce, _hash = str(sealed).split(".", 1)
        typed = answer.strip()
        if not typed.isdecimal() or len(typed) > 2:  # noqa: PLR2004 - the largest sum is 18
            return False
        return hmac.compare_digest(str(sealed), self._seal(int(typed), nonce))

    def _seal(self, value: int, nonce: str = "") -> str:
        nonce = nonce or secrets.token_hex(8)
        digest = hmac.digest(self._key, f"{nonce}.{value}".encode(), "sha256").hex()
        return f"{nonce}.{digest}"


def challenge(home: Path) -> Challenge:
    """The installation's challenge."""
    return Sum(load(home, "browser"))
