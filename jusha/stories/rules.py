"""What a post holds, and how a verified mark stands on a day. Pure."""

from datetime import date
from typing import Final, Literal

ACCOUNT_KIND: Final = "account"
"""Of decisions: an official account, checked by a reviewer."""
INTRO_MAX: Final = 300
TITLE_MAX: Final = 80
WORDS_MAX: Final = 10_000
CORRECTION_MAX: Final = 400
FILES_MAX: Final = 9
REFUSALS: Final = (
    "unknown", "no-account", "no-title", "no-words", "no-correction", "too-many-files", "stale",
)  # fmt: skip
Mark = Literal["verified", "ended", "changed"]


class PostRefusedError(Exception):
    """Nothing was published; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def judge_post(*, title: str, words: str, correction: str, files: int, version: int) -> None:
    """Raise PostRefusedError for what cannot be published."""
    for code, wrong in (
        ("no-title", not 0 < len(title.strip()) <= TITLE_MAX),
        ("no-words", not 0 < len(words.strip()) <= WORDS_MAX),
        ("no-correction", version > 1 and not 0 < len(correction.strip()) <= CORRECTION_MAX),
        ("too-many-files", files > FILES_MAX),
    ):
        if wrong:
            raise PostRefusedError(code)


def mark_of(
    *,
    checked_uscc: str,
    checked_certificate: str,
    uscc: str,
    certificate: str,
    valid_until: date | None,
    today: date,
) -> Mark:
    """How the mark stands: what was checked must still be so, and its certificate must hold."""
    if checked_uscc != uscc or checked_certificate != certificate:
        return "changed"
    return "verified" if valid_until is not None and today <= valid_until else "ended"
