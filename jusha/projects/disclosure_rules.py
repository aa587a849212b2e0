"""What has to be published, by which day, and how it stands on a day. Pure.

Charity Law 72 and 79, and the measures on publishing (R-CL-72, R-CL-79, R-ID-1 to R-ID-3). No
number of the law stands here: all of them come by date from the table of figures (law/rules.py).
"""

import calendar
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Final, Literal, NamedTuple, TypeVar

from jusha.law.rules import Figure, NoFigureError, pick
from jusha.projects.rules import Filed

KINDS: Final = ("progress", "final", "leftover", "partner", "emergency", "annual", "post")
"""`post` is what a charity tells of its own accord; nothing is due by it."""
OF_MONEY: Final = frozenset(KINDS) - {"post"}
"""Kinds that carry figures and so take two persons."""
PLACES_MAX: Final = 800
"""Of one kind in one project: ten years of an emergency, told every five days."""
SOON_RULE: Final = "remind-before-days"
MONTHS: Final = 12

State = Literal["not-yet", "soon", "due", "overdue", "published", "published-late"]
Over = Callable[[date], date | None]
F = TypeVar("F", bound=Filed)


class Span(NamedTuple):
    """When a project raises money; both days belong to it."""

    starts_on: date
    ends_on: date
    emergency: bool = False
    has_partner: bool = False


class Due(NamedTuple):
    """One thing to publish: about which days, and by which day at the latest."""

    kind: str
    place: int
    from_on: date
    until_on: date
    due_on: date


def periods(filings: Sequence[F]) -> list[list[F]]:
    """A project's filings by the period that they file, oldest period first.

    `filings` in the order in which they were recorded. A row belongs to a period that begins on
    the same day, or that it overlaps under the same number; a period without a number takes the
    first number that overlaps it. All others open a period of their own: its reports are its own,
    and no later filing takes those of an earlier period back. Of a period the newest row holds.
    """
    found: list[list[F]] = []
    for row in filings:
        for run in reversed(found):
            last = run[-1]
            apart = row.starts_on > last.ends_on or row.ends_on < last.starts_on
            one = not last.number or last.number == row.number
            if row.starts_on == last.starts_on or (one and not apart):
                run.append(row)
                break
        else:
            found.append([row])
    return found


def key_of(project: str, due: Due, *, period: int) -> str:
    """The key of one thing to publish: `p/<project>/<kind>/<place>`.

    From the second filed period on its number stands before the place: `2-1`.
    """
    place = f"{due.place}" if period == 1 else f"{period}-{due.place}"
    return f"p/{project}/{due.kind}/{place}"


class Law:
    """Figures of the law by day, and the days on which one changes."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        """Keep the figures."""
        self._by_rule: dict[str, list[Figure]] = {}
        for each in figures:
            self._by_rule.setdefault(each.rule, []).append(each)

    def on(self, rule: str, day: date) -> int | None:
        """The figure of a rule on a day; None where the law had none."""
        try:
            return pick(self._by_rule.get(rule, ()), rule, on=day).value
        except NoFigureError:
            return None

    def change_after(self, rules: Iterable[str], day: date) -> date | None:
        """The first day after `day` on which a figure of the rules begins or ends."""
        rows = [each for rule in rules for each in self._by_rule.get(rule, ())]
        days = [each for row in rows for each in (row.begins, row.ends) if each and each > day]
        return min(days, default=None)


def state(due_on: date, published_on: date | None, today: date, *, soon_days: int) -> State:
    """How a thing to publish stands on a Shanghai day; the due day itself is in time."""
    if published_on is not None and published_on <= today:
        return "published" if published_on <= due_on else "published-late"
    if today > due_on:
        return "overdue"
    if today == due_on:
        return "due"
    return "soon" if due_on - today <= timedelta(days=soon_days) else "not-yet"


def dues(span: Span, law: Law) -> list[Due]:
    """All that a project has to publish, each kind in the order of its days.

    A period is over on the first day on which it is over by the figure of that very day; so a
    change of law moves what is due from then on, and nothing that was due before.
    """
    found = [*_progress(span, law)]
    if span.emergency:
        found += _emergency(span, law)
    rules = [("final", "disclosure-end-months"), ("leftover", "leftover-report-months")]
    if span.has_partner:
        rules.append(("partner", "partner-report-months"))
    for kind, rule in rules:
        if law.on(rule, span.ends_on) is None:
            continue  # what was over before the law asked owes nothing
        due_on = _after_months(span.ends_on, rule, law)
        if due_on is not None:
            found.append(Due(kind, 1, span.starts_on, span.ends_on, due_on))
    return found


def annual(year: int, law: Law) -> Due | None:
    """The yearly report of a charity about a year; None where the law had no day for it."""
    rules = ("annual-report-month", "annual-report-day")

    def over(day: date) -> date | None:
        month, last = law.on(rules[0], day), law.on(rules[1], day)
        if month is None or last is None:
            return None
        return date(year + 1, month, min(last, calendar.monthrange(year + 1, month)[1]))

    due_on = first_over(date(year + 1, 1, 1), over, rules, law)
    if due_on is None:
        return None
    return Due("annual", year, date(year, 1, 1), date(year, 12, 31), due_on)


def first_over(since: date, over: Over, rules: Iterable[str], law: Law) -> date | None:
    """The first day from `since` on that lies on or after what `over` says of that same day.

    `over` changes only where a figure of `rules` does. None if that day never comes.
    """
    rules, day = tuple(rules), since
    while True:
        at, change = over(day), law.change_after(rules, day)
        if at is not None and (change is None or max(at, day) < change):
            return max(at, day)
        if change is None:
            return None
        day = change


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    place = day.month - 1 + months
    year, month = day.year + place // MONTHS, place % MONTHS + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _after_months(since: date, rule: str, law: Law) -> date | None:
    def over(day: date) -> date | None:
        months = law.on(rule, day)
        return None if months is None else add_months(since, months)

    return first_over(since, over, (rule,), law)


def _progress(span: Span, law: Law) -> Iterator[Due]:
    """While a long campaign goes on; what falls behind its end, the final report tells."""
    since = span.starts_on
    for place in range(1, PLACES_MAX + 1):
        due_on = _after_months(since, "disclosure-every-months", law)
        if due_on is None or due_on > span.ends_on or due_on <= since:
            return
        long = law.on("disclosure-long-months", due_on)
        if long is not None and add_months(span.starts_on, long) <= span.ends_on:
            yield Due("progress", place, since, due_on, due_on)
        since = due_on


def _emergency(span: Span, law: Law) -> Iterator[Due]:
    since = span.starts_on
    rule = "emergency-disclosure-days"
    for place in range(1, PLACES_MAX + 1):

        def over(day: date, since: date = since) -> date | None:
            days = law.on(rule, day)
            return None if days is None else since + timedelta(days=days)

        due_on = first_over(since, over, (rule,), law)
        if due_on is None or due_on > span.ends_on or due_on <= since:
            return
        yield Due("emergency", place, since, due_on, due_on)
        since = due_on
