"""Reading the rails' bills for the desk: days, differences with their ages, money in suspense."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from django.db.models import Count, Min, QuerySet, Sum
from django.db.models.functions import Coalesce

from jusha.giving.models import RailBill, RailDifference, RailDifferenceStep, RailTally
from jusha.giving.rail_bills_rules import AGES, PROPOSED, UNSETTLED, age_class, today
from jusha.inbox.connect import django_connection

SUSPENSE_SQL: Final = (Path(__file__).parent / "sql" / "suspense_ages.sql").read_text()
LISTED_MAX: Final = 200
DAYS_LISTED: Final = 35

Codes = Collection[str] | None
"""Charities whose lines a person sees, "" for lines of no known charity; None for all."""


class Sums(NamedTuple):
    """What the lines of a day come to; fen, and millionths of a yuan for the fee."""

    paid_lines: int = 0
    paid: int = 0
    back_lines: int = 0
    back: int = 0
    fee_micro: int = 0
    matched_lines: int = 0
    crossed_lines: int = 0


class Day(NamedTuple):
    """One rail's day as a person sees it."""

    rail: str
    day: date
    bills: list[RailBill]
    sums: Sums
    open: int
    """Differences that wait for people."""


class Aged(NamedTuple):
    """How many wait, and what they come to, in one class of ages."""

    least: int
    most: int | None
    waits: int
    amount: int


def days(codes: Codes, *, before: date | None = None) -> list[Day]:
    """The newest days of all rails, at most DAYS_LISTED rows; in three queries.

    Reads: jusha_railbill, jusha_railtally, jusha_raildifference.
    """
    bills = _bills(codes)
    if before:
        bills = bills.filter(day__lt=before)
    keys = list(bills.values_list("day", "rail").distinct().order_by("-day", "rail")[:DAYS_LISTED])
    return _days(codes, keys)


def day(codes: Codes, rail: str, on: date) -> Day | None:
    """One rail's day; None if no bill of it was ever asked for. Reads: as `days`."""
    return next(iter(_days(codes, [(on, rail)])), None)


def _days(codes: Codes, keys: list[tuple[date, str]]) -> list[Day]:
    wanted = {"day__in": {key[0] for key in keys}, "rail__in": {key[1] for key in keys}}
    bills: dict[tuple[date, str], list[RailBill]] = {}
    for bill in _bills(codes).filter(**wanted).order_by("payee"):
        bills.setdefault((bill.day, bill.rail), []).append(bill)
    sums = {
        (on, rail): Sums(*values)
        for on, rail, *values in _of(RailTally.objects.filter(**wanted), codes)
        .values_list("day", "rail")
        .annotate(*(Sum(name) for name in Sums._fields))
        .order_by()
    }
    waiting = {
        (on, rail): count
        for on, rail, count in _of(RailDifference.objects.filter(**wanted), codes)
        .filter(state__in=UNSETTLED)
        .values_list("day", "rail")
        .annotate(Count("id"))
        .order_by()
    }
    return [
        Day(key[1], key[0], bills[key], sums.get(key, Sums()), waiting.get(key, 0))
        for key in keys
        if key in bills
    ]


def of_day(codes: Codes, rail: str, on: date) -> list[RailDifference]:
    """A day's differences, those that wait first; at most LISTED_MAX.

    Reads: jusha_raildifference.
    """
    found = _of(RailDifference.objects.filter(rail=rail, day=on), codes)
    return list(found.order_by("-state", "id")[:LISTED_MAX])


def waiting(codes: Codes) -> list[RailDifference]:
    """What waits, the oldest first; at most LISTED_MAX. Reads: jusha_raildifference."""
    found = _of(RailDifference.objects.filter(state__in=UNSETTLED), codes)
    return list(found.order_by("day", "id")[:LISTED_MAX])


def find(codes: Codes, number: int) -> RailDifference | None:
    """The difference, if this person sees it. Reads: jusha_raildifference."""
    return _of(RailDifference.objects.filter(pk=number), codes).first()


def steps_of(number: int) -> list[RailDifferenceStep]:
    """The steps of a difference, oldest first. Reads: jusha_raildifferencestep."""
    return list(RailDifferenceStep.objects.filter(difference=number).order_by("id"))


def waiting_for(codes: Collection[str], name: str) -> int:
    """How many differences this person can do something about now.

    What they proposed themselves waits for somebody else. Reads: jusha_raildifference.
    """
    found = _of(RailDifference.objects.filter(state__in=UNSETTLED), codes)
    return found.exclude(state=PROPOSED, proposed_by=name).count()


def ages(codes: Codes, *, now_s: int) -> list[Aged]:
    """What waits by the age of its day, in the classes of AGES. Reads: jusha_raildifference."""
    found = _of(RailDifference.objects.filter(state__in=UNSETTLED), codes)
    amount = Sum(Coalesce("there", "here"), default=0)
    rows = found.values_list("day").annotate(Count("id"), amount=amount).order_by()
    on = today(now_s)
    return _aged(((on - day).days, waits, amount) for day, waits, amount in rows)


def suspense(codes: Codes, *, now: datetime) -> list[Aged]:
    """Money held in suspense by how long it has been; what went back since is left out.

    Reads: giving_case, giving_deed, giving_refund, and what names charities.
    """
    wanted = {"now": now, "codes": None if codes is None else sorted(codes)}
    return _aged(django_connection().execute(SUSPENSE_SQL, wanted).fetchall())


def oldest_unread(codes: Codes) -> date | None:
    """The oldest day whose bill is still not here. Reads: jusha_railbill."""
    missing = _bills(codes).filter(state__in=("asked", "unread"))
    found: date | None = missing.aggregate(Min("day"))["day__min"]
    return found


def _aged(rows: Iterable[tuple[int, ...]]) -> list[Aged]:
    counts, amounts = [0] * len(AGES), [0] * len(AGES)
    for waited, count, amount in rows:
        place = age_class(waited)
        counts[place] += count
        amounts[place] += amount
    return [Aged(least, most, counts[n], amounts[n]) for n, (least, most) in enumerate(AGES)]


def _bills(codes: Codes) -> QuerySet[RailBill]:
    """Bills that a person may know of: those of their charities, and those of all together."""
    found = RailBill.objects.all()
    return found if codes is None else found.filter(payee__in={*codes, ""})


def _of(found: QuerySet[RailDifference] | QuerySet[RailTally], codes: Codes) -> QuerySet:  # type: ignore[type-arg]
    return found if codes is None else found.filter(charity__in=set(codes))
