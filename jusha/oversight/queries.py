"""Reading complaints for pages."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Case as Switch
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import ExtractYear, TruncDate

from jusha.charities.queries import roles_of
from jusha.oversight.models import Complaint, ComplaintStep
from jusha.oversight.rules import Judge, State, is_late, state_of, working_days_left
from jusha.people.models import DecisionEnd

PAGE: Final = 50
OPEN_MAX: Final = 200
"""Open complaints in one list; what is overdue stands first."""
JUNE: Final = 6


@dataclass(frozen=True, slots=True)
class Case:
    """A complaint with its steps, as of a day."""

    complaint: Complaint
    steps: tuple[ComplaintStep, ...]
    today: date

    @property
    def did(self) -> tuple[str, ...]:
        """What was done, in order."""
        return tuple(step.did for step in self.steps)

    @property
    def state(self) -> State:
        """How it stands."""
        return state_of(self.did)

    @property
    def is_late(self) -> bool:
        """Whether its answer is overdue."""
        return is_late(self.did, due_on=self.complaint.due_on, today=self.today)

    @property
    def days_left(self) -> int:
        """Working days behind today on which an answer is in time."""
        return working_days_left(self.today, self.complaint.due_on)

    @property
    def is_asked(self) -> bool:
        """Whether the charity was asked and has not replied since."""
        asked = [step.did for step in self.steps if step.did in ("asked", "replied")]
        return bool(asked) and asked[-1] == "asked" and self.state != "closed"


def find(number: int, *, today: date) -> Case | None:
    """A complaint with its steps. Two questions. Reads: jusha_complaint, jusha_complaintstep."""
    found = Complaint.objects.filter(pk=number).first()
    return next(iter(_cases([found], today)), None) if found else None


def open_cases(*, today: date, charities: Collection[str] | None = None) -> list[Case]:
    """The first OPEN_MAX complaints that are not closed: unanswered ones, by their last day.

    What is overdue so stands first, and those that were answered behind. With `charities`, what
    these were asked about. Reads: jusha_complaint, jusha_complaintstep.
    """
    found = Complaint.objects.exclude(pk__in=_with("closed"))
    if charities is not None:
        found = found.filter(charity__in=charities, pk__in=_with("asked"))
    found = found.annotate(is_answered=_did("answered"))
    return _cases(found.order_by("is_answered", "due_on", "id")[:OPEN_MAX], today)


def count_unanswered(*, besides: Collection[str] = ()) -> int:
    """How many complaints wait for an answer, but those about some charities.

    Reads: jusha_complaint, jusha_complaintstep.
    """
    found = Complaint.objects.exclude(pk__in=_with("closed")).exclude(pk__in=_with("answered"))
    return found.exclude(charity__in=besides).count() if besides else found.count()


def closed_cases(
    *, today: date, charities: Collection[str] | None = None, below: int = 0
) -> list[Case]:
    """The newest PAGE closed complaints, or those older than number `below`.

    Reads: jusha_complaint, jusha_complaintstep.
    """
    found = Complaint.objects.filter(pk__in=_with("closed"))
    if charities is not None:
        found = found.filter(charity__in=charities, pk__in=_with("asked"))
    if below:
        found = found.filter(pk__lt=below)
    return _cases(found.order_by("-id")[:PAGE], today)


def judge(complaint: Complaint, account: UUID) -> Judge:
    """A reviewer before a complaint. Reads: jusha_member, jusha_decision, jusha_decisionend."""
    subject = complaint.project or complaint.charity
    last = None
    if subject:
        ends = DecisionEnd.objects.filter(decision__subject=subject, verdict="confirmed")
        last = ends.order_by("-id").values_list("ended_by", flat=True).first()
    return Judge(account, frozenset(roles_of(account)), last)


@dataclass(frozen=True, slots=True)
class HalfYear:
    """What happened with the complaints of half a year; no person's data."""

    year: int
    half: int
    received: int
    in_time: int
    """Answered by their last day."""
    late: int
    """Answered after it."""
    waiting: int
    """Not answered yet."""
    founded: int
    """Closed as founded, wholly or in part."""
    closed: int
    held: int
    """Whose project was held."""


def half_years() -> list[HalfYear]:
    """The complaints by half-year in which they came, newest first. One question.

    Reads: jusha_complaint, jusha_complaintstep.
    """
    answers = _steps("answered").order_by("id").values("at")[:1]
    founded = _steps("closed").filter(finding__in=("founded", "partly"))
    found = Complaint.objects.annotate(
        year=ExtractYear("received_on"),
        half=Switch(When(received_on__month__lte=JUNE, then=Value(1)), default=Value(2)),
        on=TruncDate(Subquery(answers)),
        is_founded=Exists(founded),
        is_closed=_did("closed"),
        is_held=_did("held"),
    )
    rows = found.values("year", "half").annotate(
        received=Count("pk"),
        in_time=Count("pk", filter=Q(on__lte=F("due_on"))),
        late=Count("pk", filter=Q(on__gt=F("due_on"))),
        waiting=Count("pk", filter=Q(on=None)),
        founded=Count("pk", filter=Q(is_founded=True)),
        closed=Count("pk", filter=Q(is_closed=True)),
        held=Count("pk", filter=Q(is_held=True)),
    )
    return [HalfYear(**row) for row in rows.order_by("-year", "-half")]


def by_kind() -> list[tuple[str, int]]:
    """How many complaints of each kind there ever were, most first. Reads: jusha_complaint."""
    found = Complaint.objects.values_list("kind").annotate(n=Count("id")).order_by("-n", "kind")
    return list(found)


def _steps(did: str) -> QuerySet[ComplaintStep]:
    """The steps of a kind of the complaint in the question around."""
    return ComplaintStep.objects.filter(complaint=OuterRef("pk"), did=did)


def _did(did: str) -> Exists:
    return Exists(_steps(did))


def _with(did: str) -> QuerySet[ComplaintStep, int]:
    return ComplaintStep.objects.filter(did=did).values_list("complaint", flat=True)


def _cases(found: Iterable[Complaint], today: date) -> list[Case]:
    complaints = list(found)
    steps: dict[int, list[ComplaintStep]] = defaultdict(list)
    numbers = [each.pk for each in complaints]
    for step in ComplaintStep.objects.filter(complaint__in=numbers).order_by("id"):
        steps[step.complaint].append(step)
    return [Case(each, tuple(steps[each.pk]), today) for each in complaints]
