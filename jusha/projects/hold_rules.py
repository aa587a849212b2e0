"""What a hold on a project is, and when one may be placed. Pure.

MZ/T 088-2017 asks a platform to be able to suspend and to take down (R-MZ-3). A suspended project
keeps its page and takes no money; one that is taken down loses its story as well. What the law
wants shown, and the ledger, stay in both.
"""

from typing import Final

SUSPENDED: Final = "suspended"
TAKEN_DOWN: Final = "taken-down"
CAUSES: Final = (SUSPENDED, TAKEN_DOWN)
"""From the milder to the harder."""
REASONS: Final = ("complaint", "untrue", "money-use", "not-reported", "authority", "asked", "other")
PLACE: Final = "place"
LIFT: Final = "lift"
LIFTED: Final = "lifted"
LIFT_KIND: Final = "lift-hold"
"""The kind of decision by which two reviewers let go."""
WORDS_MAX: Final = 400


class HoldRefusedError(Exception):
    """Nothing was changed; `code` says why.

    One of unknown, bad-cause, bad-reason, no-words, held-already, not-held, stale.
    """

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def check_place(now: str, *, cause: str, reason: str, words: str) -> None:
    """Return if a hold may be placed where `now` is the cause of the one that stands, or "".

    One person may make a hold harder and never milder: that would be a lift by one.
    Raises HoldRefusedError.
    """
    if cause not in CAUSES:
        raise HoldRefusedError("bad-cause")
    if reason not in REASONS:
        raise HoldRefusedError("bad-reason")
    check_words(words)
    if now and CAUSES.index(cause) <= CAUSES.index(now):
        raise HoldRefusedError("held-already")


def check_words(words: str) -> None:
    """Return if the words tell the public something. Raises HoldRefusedError("no-words")."""
    if not 0 < len(words.strip()) <= WORDS_MAX:
        raise HoldRefusedError("no-words")
