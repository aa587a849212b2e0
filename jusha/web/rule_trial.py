"""A rule tried on a thousandth of an invented giving day, within a page: settlement's own decide.

`jusha simulate` says more, on larger days and with pictures; this is for a look before a second
person is asked.
"""

from dataclasses import dataclass
from fractions import Fraction
from threading import BoundedSemaphore
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.campaigns.days import shapes
from jusha.matching.rules import RuleTerms
from jusha.money.clock import day_text, local_day, minute_seconds
from jusha.settlement.estimate_day import Candidate, RuleNotTakenError, estimate
from jusha.settlement.estimate_figures import Figures, figures
from jusha.settlement.scenes import invented, opening, scaled
from jusha.web.words import day_minute

SCALE: Final = Fraction(1, 1000)
SEED: Final = 1
BOTS_PERMILLE: Final = 20
DATE: Final = "2027-09-09"
ONE: Final = BoundedSemaphore(1)
"""One trial a process at a time: it takes a core for some seconds."""
CODE: Final = "R"


class TrialRefusedError(Exception):
    """The rule was not tried; `words` say why."""

    def __init__(self, words: Promise | str) -> None:
        """Keep why."""
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have given: sums of the whole day in fen, shares per mille."""

    shape: str
    gifts: int
    given: int
    matched: int
    rate: int
    pool: int
    first_minute: int
    """What of the match went to gifts of the first minute, per mille."""
    bots: int
    """What of the match went to programs, per mille."""
    top: int
    """What of the match the tenth of donors with most got, per mille."""
    dry_s: int
    """When money fell short first, in seconds of the day; -1 never."""
    short: int
    closings: int

    @property
    def dry_clock(self) -> str:
        """That time as a clock shows it."""
        return day_minute(self.dry_s // 60)


def shape_names() -> list[str]:
    """Years whose shape is known, the newest first."""
    return sorted(shapes(), reverse=True)


def trial(terms: RuleTerms, *, shape: str, pool: int) -> Trial:
    """Try a rule that is written for a whole day; `pool` in fen, 0 for the pool of that year.

    Raises TrialRefusedError.
    """
    found = shapes().get(shape)
    if found is None:
        raise TrialRefusedError(_("请选一年的形状来试。"))
    if terms.window.surprise:
        raise TrialRefusedError(_("有惊喜时段的规则，请用命令试算：jusha simulate。"))
    if not ONE.acquire(blocking=False):
        raise TrialRefusedError(_("有人正在试算，请过几秒再试。"))
    try:
        date = day_text(local_day(minute_seconds(terms.since))) if terms.since else DATE
        scene = invented(
            found,
            date=date,
            scale=SCALE,
            seed=SEED,
            bots_permille=BOTS_PERMILLE,
            pool=int((pool or found.pool) * SCALE),
        )
        outcome = estimate(scene, Candidate(CODE, ((CODE, scaled(terms, SCALE)),)))
        opens_s = opening(scene, [terms.window.from_minute])
        return _told(shape, figures(scene, outcome, opens_s=opens_s))
    except RuleNotTakenError as error:
        raise TrialRefusedError(str(error)) from error
    finally:
        ONE.release()


def _told(shape: str, found: Figures) -> Trial:
    whole = found.all
    each = int(1 / SCALE)
    return Trial(
        shape,
        whole.gifts * each,
        whole.given * each,
        whole.matched * each,
        whole.rate,
        found.pool * each,
        _share(found.first_minute.matched, whole.matched),
        _share(found.bots.matched, whole.matched),
        found.donors.top,
        found.dry_s,
        found.short,
        found.closings,
    )


def _share(part: int, whole: int) -> int:
    return part * 1000 // whole if whole else 0
