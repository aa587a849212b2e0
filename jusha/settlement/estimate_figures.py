"""What an estimate means: cost, who gains, how bots fare against people. Pure.

Whole numbers throughout: sums in fen, shares per mille. But for the groups themselves, all
figures are of honest gifts, so that invented bots do not blur who gains.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from jusha.campaigns.days import ANONYMOUS, GROUPS, HONEST, SECOND_US, Given
from jusha.money.clock import DAY_SECONDS, MINUTE_SECONDS
from jusha.settlement.estimate_day import Outcome, Scene

PERMILLE: Final = 1000
DECILES: Final = 10
HOUR_SECONDS: Final = 3600
BANDS: Final = (0, 1_000, 5_000, 10_000, 50_000, 100_000)
"""Amount bands begin at these sums, in fen."""
WHEN: Final = ("before", "second", "minute", "hour", "later")
"""Before the opening; its first second, the rest of its first minute and hour; after it."""
PATIENT: Final = frozenset({"hour", "later"})


class Row(NamedTuple):
    """A part of all gifts. `accounts`: how many donors, 0 where they are not counted."""

    name: str
    gifts: int
    accounts: int
    given: int
    matched: int

    @property
    def rate(self) -> int:
        """What was matched for 1,000 yuan given, in yuan."""
        return self.matched * PERMILLE // self.given if self.given else 0

    @property
    def each(self) -> int:
        """What was matched for one account, in fen."""
        return self.matched // self.accounts if self.accounts else 0


class Spread(NamedTuple):
    """How a sum lies over donors or projects, from those that gave least to those with most.

    `given` and `matched`: of each tenth of them; Gini coefficients per mille: 0 is all alike.
    """

    size: int
    with_match: int
    given: tuple[int, ...]
    matched: tuple[int, ...]
    gini_given: int
    gini_matched: int

    @property
    def top(self) -> int:
        """What the tenth with most got of the match, per mille."""
        whole = sum(self.matched)
        return self.matched[-1] * PERMILLE // whole if whole else 0

    @property
    def top_given(self) -> int:
        """What the tenth with most had given, per mille."""
        whole = sum(self.given)
        return self.given[-1] * PERMILLE // whole if whole else 0


class Figures(NamedTuple):
    """Everything a report shows of one candidate."""

    name: str
    all: Row
    gifts_matched: int
    pool: int
    dry_s: int
    """Second from the start at which money first fell short, -1 if it never did."""
    dry_by: str
    short: int
    """Of closings: how many could not pay all that was claimed."""
    closings: int
    bin_s: int
    left: list[int]
    given_bins: list[int]
    matched_bins: list[int]
    when: list[Row]
    bands: list[Row]
    groups: list[Row]
    donors: Spread
    projects: Spread
    by: list[tuple[str, int]]
    """How often which bound or reason decided, most often first."""

    @property
    def spent(self) -> int:
        """How much of the pool was used, per mille."""
        return self.all.matched * PERMILLE // self.pool if self.pool else 0

    @property
    def early_gain(self) -> int:
        """How much better than later gifts those of the first minute did: 1,000 is the same.

        0 where either got nothing.
        """
        early, later = self.first_minute, _sum("l", (r for r in self.when if r.name in PATIENT))
        return early.rate * PERMILLE // later.rate if later.rate else 0

    @property
    def first_minute(self) -> Row:
        """Honest gifts of the opening's first minute."""
        return _sum("minute", (row for row in self.when if row.name in {"second", "minute"}))

    @property
    def bots(self) -> Row:
        """All groups of bots together."""
        return _sum("bots", self.groups[1:])


def figures(scene: Scene, outcome: Outcome, *, opens_s: int) -> Figures:
    """Work an outcome out. `opens_s`: when matching begins, in seconds from the start."""
    dry = min(((at, by) for by, at in outcome.dry_s.items()), default=(-1, ""))
    given_bins, matched_bins = _bins(scene, outcome)
    groups = _parts(scene, outcome, GROUPS, lambda gift: gift.group, bots=True)
    return Figures(
        name=outcome.candidate.name,
        all=_sum("all", groups),
        gifts_matched=sum(1 for matched in outcome.matched if matched),
        pool=scene.pool,
        dry_s=dry[0],
        dry_by=dry[1],
        short=sum(closing.paid < closing.claimed for closing in outcome.shared),
        closings=len(outcome.shared),
        bin_s=outcome.bin_s,
        left=outcome.left,
        given_bins=given_bins,
        matched_bins=matched_bins,
        when=_when(scene, outcome, opens_s),
        bands=_bands(scene, outcome),
        groups=groups,
        donors=_donors(scene, outcome),
        projects=_projects(scene, outcome),
        by=outcome.by.most_common(),
    )


def _parts(
    scene: Scene,
    outcome: Outcome,
    names: Sequence[str],
    part_of: Callable[[Given], int],
    *,
    bots: bool = False,
) -> list[Row]:
    """Sum gifts up by what `part_of` says of each; bots only where they are asked for."""
    gifts, given, matched = [0] * len(names), [0] * len(names), [0] * len(names)
    accounts: list[set[int]] = [set() for _ in names]
    anonymous = [0] * len(names)
    for gift, got in zip(scene.gifts, outcome.matched, strict=True):
        if gift.group != HONEST and not bots:
            continue
        part = part_of(gift)
        gifts[part] += 1
        given[part] += gift.amount
        matched[part] += got
        if gift.donor == ANONYMOUS:
            anonymous[part] += 1
        else:
            accounts[part].add(gift.donor)
    return [
        Row(name, gifts[i], len(accounts[i]) + anonymous[i], given[i], matched[i])
        for i, name in enumerate(names)
    ]


def _when(scene: Scene, outcome: Outcome, opens_s: int) -> list[Row]:
    ends_us = [(opens_s + seconds) * SECOND_US for seconds in (0, 1, MINUTE_SECONDS, HOUR_SECONDS)]
    return _parts(scene, outcome, WHEN, lambda gift: bisect_right(ends_us, gift.at_us))


def _bands(scene: Scene, outcome: Outcome) -> list[Row]:
    names = [str(begin) for begin in BANDS]
    return _parts(scene, outcome, names, lambda gift: bisect_right(BANDS, gift.amount) - 1)


def _bins(scene: Scene, outcome: Outcome) -> tuple[list[int], list[int]]:
    """Sum what was given, and what was matched of it, by the time of the gift."""
    count = max(scene.days * DAY_SECONDS // outcome.bin_s, 1)
    given, matched = [0] * count, [0] * count
    bin_us = outcome.bin_s * SECOND_US
    for gift, got in zip(scene.gifts, outcome.matched, strict=True):
        place = min(gift.at_us // bin_us, count - 1)
        given[place] += gift.amount
        matched[place] += got
    return given, matched


def _donors(scene: Scene, outcome: Outcome) -> Spread:
    """Spread over honest donors who can be told apart."""
    sums: dict[int, list[int]] = {}
    for gift, got in zip(scene.gifts, outcome.matched, strict=True):
        if gift.group == HONEST and gift.donor != ANONYMOUS:
            own = sums.setdefault(gift.donor, [0, 0])
            own[0] += gift.amount
            own[1] += got
    return spread([(given, matched) for given, matched in sums.values()])


def _projects(scene: Scene, outcome: Outcome) -> Spread:
    """Spread over projects that were given anything."""
    given = [0] * len(scene.projects)
    for gift in scene.gifts:
        given[gift.project] += gift.amount
    pairs = zip(given, outcome.project_matched, strict=True)
    return spread([pair for pair in pairs if pair[0]])


def spread(pairs: list[tuple[int, int]]) -> Spread:
    """Spread (given, matched) pairs over ten equal groups by what they gave."""
    ordered, count = sorted(pairs), len(pairs)
    given, matched = [0] * DECILES, [0] * DECILES
    for place, (gave, got) in enumerate(ordered):
        given[place * DECILES // count] += gave
        matched[place * DECILES // count] += got
    return Spread(
        count,
        sum(1 for _, got in pairs if got),
        tuple(given),
        tuple(matched),
        gini([gave for gave, _ in pairs]),
        gini([got for _, got in pairs]),
    )


def gini(values: Iterable[int]) -> int:
    """Return the Gini coefficient per mille: 0 when all are alike, near 1,000 when one has all.

    (2 x sum of rank x value) / (n x sum) - (n + 1) / n over values in growing order.
    """
    ordered = sorted(values)
    count, whole = len(ordered), sum(ordered)
    if not whole:
        return 0
    ranked = sum(rank * value for rank, value in enumerate(ordered, 1))
    return PERMILLE * (2 * ranked - (count + 1) * whole) // (count * whole)


def _sum(name: str, rows: Iterable[Row]) -> Row:
    found = list(rows)
    return Row(
        name,
        sum(row.gifts for row in found),
        sum(row.accounts for row in found),
        sum(row.given for row in found),
        sum(row.matched for row in found),
    )
