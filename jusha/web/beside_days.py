"""Which days have no accounts on the page, and why: an honest list has no silent gaps. Pure."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from jusha.money.clock import day_number, day_text, local_day

HOUR_SECONDS: Final = 3600
NOT_DUE: Final = "not-due"
MISSING: Final = "missing"
"""Why a day has no accounts:

not-due: its hour has not come; missing: no bill of it came, or it is not reconciled yet.
"""


class Refused(NamedTuple):
    """Files that were laid in on a published day and not taken."""

    day: str
    files: int


class Gap(NamedTuple):
    """Days one after another, first to last, that have no accounts."""

    first: str
    last: str
    why: str
    refused: tuple[Refused, ...] = ()
    """Newest first; the bills of these days may be among these files, nobody can know."""

    @property
    def is_one_day(self) -> bool:
        """Whether it is a single day."""
        return self.first == self.last


def gaps_of(
    listed: Sequence[str], refused: Sequence[Refused], *, now_s: int, publish_hour: int
) -> dict[str, list[Gap]]:
    """The days up to today that are not listed, by the listed day above which they belong.

    `listed` are days as 2026-03-01, newest first; the days before the last of them are left out.
    Files that were not taken are named with the newest gap that begins no later than the day on
    which they were laid in. Nothing is missing where nothing was ever listed.
    """
    if not listed:
        return {}
    due = local_day(now_s - publish_hour * HOUR_SECONDS) - 1
    newest = day_number(listed[0])
    found = [
        (listed[0], max(newest, due) + 1, local_day(now_s), NOT_DUE),
        (listed[0], newest + 1, due, MISSING),
    ]
    for day, older in pairwise(listed):
        found.append((older, day_number(older) + 1, day_number(day) - 1, MISSING))
    gaps: dict[str, list[Gap]] = {}
    left = list(refused)
    for above, first, last, why in found:
        if first > last:
            continue
        named = [each for each in left if why == MISSING and day_number(each.day) >= first]
        left = [each for each in left if each not in named]
        gap = Gap(day_text(first), day_text(last), why, tuple(named))
        gaps.setdefault(above, []).append(gap)
    return gaps
