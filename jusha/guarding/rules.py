"""Which gifts look like abuse of matches, and how sure a rule is of it. Pure.

A rule here is a function of what happened and of thresholds; the thresholds stand in a dated
table, changed by two persons (models.GuardRule). What a rule finds is looked into by a person:
nothing is taken back because a rule says so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

Terms = Mapping[str, int]

DEVICE: Final = 1
"""A browser on one day; apart on it: payers."""
ACCOUNT: Final = 2
"""An account on one day; apart on it: payers."""
INVITE: Final = 3
"""A gift by which others were invited; apart on it: payers."""
REFUND: Final = 4
"""A payer whose matched gifts were refunded; apart on it: gifts."""
PAYER: Final = 5
"""A payer on one day; apart on it: accounts."""
OWN: Final = 6
"""A charity on one day; gifts to it by accounts that work there."""

RULES: Final[Mapping[str, tuple[str, ...]]] = {
    "rapid": ("gifts", "seconds"),
    "shared": ("persons", "accounts"),
    "reimbursed": ("persons", "friends", "least_fen", "minutes"),
    "own": ("gifts", "least_fen"),
    "ring": ("refunds",),
    "quota": ("reports", "days"),
}
"""Every rule with the names of its thresholds."""
RATES: Final = {"seconds": 3_600, "minutes": 1_440, "days": 365}
"""The longest spans that a threshold may name."""
VERDICTS: Final = ("let", "clawed")
WORDS_MAX: Final = 400
TERM_MAX: Final = 10**9
PER_CENT: Final = 100
SHOWN_LEAST: Final = 5
"""Smaller numbers are not told in public: they could be somebody (R-CL-32)."""
MINUTE_US: Final = 60_000_000
SECOND_US: Final = 1_000_000


class AbuseRefusedError(Exception):
    """Nothing was changed; `code` says why.

    One of unknown, ended, no-words, conflict, waits, no-gifts, bad-terms, days.
    """

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


class Act(NamedTuple):
    """A gift as a rule sees it; `who` is what the rule counts apart."""

    deed: int
    who: UUID
    project: int
    amount: int
    at_us: int


class Finding(NamedTuple):
    """What a rule found: gifts, what it went by, how far past the threshold in per cent."""

    deeds: tuple[int, ...]
    inputs: dict[str, int]
    score: int


def rapid(acts: Iterable[Act], terms: Terms) -> Finding | None:
    """Gifts of one payer that came faster than a hand can give.

    Every gift in some span of `seconds` with more than `gifts` of them. A gift takes a person
    some 15 seconds, so four a minute is the most that hands do.
    """
    ranked = sorted(acts, key=lambda act: (act.at_us, act.deed))
    span_us, most = terms["seconds"] * SECOND_US, terms["gifts"]
    found, peak, first, marked = set[int](), 0, 0, 0
    for last, act in enumerate(ranked):
        while act.at_us - ranked[first].at_us >= span_us:
            first += 1
        if (count := last + 1 - first) > most:
            found.update(each.deed for each in ranked[max(first, marked) : last + 1])
            marked, peak = last + 1, max(peak, count)
    return _found(found, peak, most, least=most, apart=peak, seconds=terms["seconds"])


def shared(acts: Sequence[Act], kind: int, terms: Terms) -> Finding | None:
    """Too many payers on one browser or account in a day, or too many accounts on one payer."""
    least = terms["accounts" if kind == PAYER else "persons"]
    apart = len({act.who for act in acts})
    if apart < least:
        return None
    return _found({act.deed for act in acts}, apart, least, apart=apart, least=least, kind=kind)


def reimbursed(acts: Iterable[Act], kind: int, terms: Terms) -> Finding | None:
    """Many payers, the same sum, one project, a short time, and something in common.

    Donate and be reimbursed: somebody hands out 1,000 yuan an account and harvests the matches.
    Friends of one inviter are counted by `friends`, which is higher: honest teams look alike.
    """
    least = terms["friends" if kind == INVITE else "persons"]
    span_us = terms["minutes"] * MINUTE_US
    sums: dict[tuple[int, int], list[Act]] = defaultdict(list)
    for act in acts:
        if act.amount >= terms["least_fen"]:
            sums[act.project, act.amount].append(act)
    found, peak, sum_fen = set[int](), 0, 0
    for (_, amount), same in sorted(sums.items()):
        same.sort(key=lambda act: (act.at_us, act.deed))
        first, marked, within = 0, 0, defaultdict[UUID, int](int)
        for last, act in enumerate(same):
            within[act.who] += 1
            while act.at_us - same[first].at_us >= span_us:
                gone = same[first].who
                within[gone] -= 1
                if not within[gone]:
                    del within[gone]
                first += 1
            if len(within) >= least:
                found.update(each.deed for each in same[max(first, marked) : last + 1])
                marked = last + 1
                if len(within) > peak:
                    peak, sum_fen = len(within), amount
    told = {"apart": peak, "least": least, "amount": sum_fen, "minutes": terms["minutes"]}
    return _found(found, peak, least, kind=kind, **told)


def own(acts: Sequence[Act], terms: Terms) -> Finding | None:
    """Gifts of one day to a charity by accounts that work there: many, and much."""
    total = sum(act.amount for act in acts)
    if len(acts) < terms["gifts"] or total < terms["least_fen"]:
        return None
    told = {"gifts": len(acts), "least": terms["gifts"], "amount": total}
    return _found({act.deed for act in acts}, len(acts), terms["gifts"], **told)


def ring(acts: Sequence[Act], terms: Terms) -> Finding | None:
    """Matched gifts of one payer that were refunded again and again."""
    gifts = {act.deed for act in acts}
    if len(gifts) < terms["refunds"]:
        return None
    return _found(gifts, len(gifts), terms["refunds"], gifts=len(gifts), least=terms["refunds"])


def quota(days: Sequence[date], terms: Terms) -> Finding | None:
    """Reports of forced giving about one project within so many days; there is no gift to hold."""
    ranked, peak = sorted(days), 0
    for last, day in enumerate(ranked):
        peak = max(peak, sum(1 for each in ranked[: last + 1] if (day - each).days < terms["days"]))
    if peak < terms["reports"]:
        return None
    inputs = {"reports": peak, "least": terms["reports"], "days": terms["days"]}
    return Finding((), inputs, peak * PER_CENT // terms["reports"])


BY_LINK: Final[Mapping[str, tuple[tuple[int, ...], Callable[..., Finding | None]]]] = {
    "shared": ((DEVICE, ACCOUNT, PAYER), shared),
    "reimbursed": ((DEVICE, ACCOUNT, INVITE), reimbursed),
    "own": ((OWN,), lambda acts, _kind, terms: own(acts, terms)),
    "ring": ((REFUND,), lambda acts, _kind, terms: ring(acts, terms)),
}
"""Rules that go by traces: of which kinds of link, and the function of (acts, kind, terms)."""


def least_of(rule: str, kind: int, terms: Terms) -> int:
    """How many traces a link needs before its rule can find anything."""
    name = {"own": "gifts", "ring": "refunds"}.get(rule, "persons")
    if kind in (INVITE, PAYER):
        name = "friends" if kind == INVITE else "accounts"
    return terms[name]


def check_terms(rule: str, terms: Mapping[str, object]) -> dict[str, int]:
    """Return the thresholds if they are all there and can be meant. Raises AbuseRefusedError."""
    if rule not in RULES or terms.keys() != set(RULES[rule]):
        raise AbuseRefusedError("bad-terms")
    plain = {name: value for name, value in terms.items() if type(value) is int}
    if len(plain) != len(terms):
        raise AbuseRefusedError("bad-terms")
    if any(not 0 < value <= RATES.get(name, TERM_MAX) for name, value in plain.items()):
        raise AbuseRefusedError("bad-terms")
    if any(plain.get(name, 2) < 2 for name in ("persons", "accounts", "friends")):  # noqa: PLR2004
        raise AbuseRefusedError("bad-terms")
    return plain


def few(count: int) -> str:
    """A count as it is told in public: what is below SHOWN_LEAST and not 0 only as that."""
    return f"<{SHOWN_LEAST}" if 0 < count < SHOWN_LEAST else f"{count:,}"


def _found(deeds: set[int], peak: int, limit: int, **inputs: int) -> Finding | None:
    if not deeds:
        return None
    return Finding(tuple(sorted(deeds)), inputs, peak * PER_CENT // limit)
