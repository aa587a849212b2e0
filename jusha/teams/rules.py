"""What a team may be, and how the totals of teams and companies grow. Pure."""

import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

KINDS: Final = ("friends", "class", "company", "fans")
STATES: Final = ("open", "closed", "down")
STEPS: Final = ("opened", "handed", "closed", "down", "up")
DUELS_MAX: Final = 5
"""Matches that one team runs or has proposed at a time."""
TARGET_MIN_FEN: Final = 100
TARGET_MAX_FEN: Final = 100_000_000
"""One yuan to a million: what a page of friends can mean to reach."""
DAYS_MAX: Final = 30
DEPTH_MAX: Final = 2
"""A team, its sub-teams, and theirs."""
OPEN_MAX: Final = 20
"""Teams that one captain has open at a time."""
INVITE_DEPTH_MAX: Final = 999
TITLE_MAX: Final = 30
STORY_MAX: Final = 1_000
FIGURE_MAX: Final = 40
WORDS_MAX: Final = 400
RECENT: Final = 24
"""The newest orders of a team that are looked through for names."""
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters that nobody mistakes for another when they read a code aloud."""
CODE_LENGTH: Final = 8
TOKEN_LENGTH: Final = 10
REFUSALS: Final = (
    "unknown", "kind", "title", "story", "figure", "target", "ends", "project", "too-many",
    "parent", "not-member", "not-captain", "closed", "captain-stays", "handover", "same-team",
    "duel-waits", "no-words", "not-yours", "not-approved",
)  # fmt: skip


class TeamRefusedError(Exception):
    """Nothing was changed; `code` is one of REFUSALS."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def judge(
    *, kind: str, title: str, story: str, figure: str, target: int, ends_on: date, today: date
) -> None:
    """Raise TeamRefusedError for a page that cannot be opened. `target` in fen.

    Only a fan circle names a figure, and it has to.
    """
    for code, wrong in (
        ("kind", kind not in KINDS),
        ("title", not _fits(title, TITLE_MAX)),
        ("story", not _fits(story, STORY_MAX, lines=True)),
        ("figure", not _fits(figure, FIGURE_MAX) if kind == "fans" else bool(figure)),
        ("target", not TARGET_MIN_FEN <= target <= TARGET_MAX_FEN),
        ("ends", not today < ends_on <= today + timedelta(days=DAYS_MAX)),
    ):
        if wrong:
            raise TeamRefusedError(code)


def plain(text: str) -> str:
    """A text as it is kept: composed, without blanks around it, with one kind of line end."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def is_running(state: str, ends_on: date, today: date) -> bool:
    """Whether a team takes gifts and members: open, and its last day is not over."""
    return state == "open" and today <= ends_on


def percent(given: int, target: int) -> int:
    """How far a sum is, in whole percent, floored; more than 100 where it went on."""
    return given * 100 // target


def place(sums: Mapping[str, int], own: str) -> int:
    """One's place among sums, from 1; equal sums share the better place. 0 without a sum."""
    mine = sums.get(own, 0)
    return 1 + sum(each > mine for each in sums.values()) if mine > 0 else 0


def _fits(text: str, most: int, *, lines: bool = False) -> bool:
    fine = text.replace("\n", "") if lines else text
    return 0 < len(text) <= most and not any(unicodedata.category(c)[0] == "C" for c in fine)
