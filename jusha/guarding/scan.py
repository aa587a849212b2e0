"""Look through new gifts for abuse of matches, open cases, and have their matches held.

Entries are read in the order of their numbers, a slice at a time; where the next round goes on,
what was found and the holds that are asked for are one transaction. What a slice costs does not
depend on how long the campaign has run. The holds are instructions: settlement obeys them within
seconds, and nothing else is changed until a person has looked (docs/design/0040-abuse.md).
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog
from django.db import transaction
from django.utils.timezone import localdate

from jusha.campaigns.models import Terms
from jusha.guarding.models import AbuseCase, AbuseGift, GuardSlice, GuardTrace
from jusha.guarding.queries import in_force
from jusha.guarding.rules import BY_LINK, Act, Finding, least_of, quota, rapid
from jusha.inbox.append import append
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import NO_PERSON, Instruction
from jusha.law.queries import figure
from jusha.oversight.models import Complaint
from jusha.oversight.report import ANSWER_DAYS
from jusha.oversight.rules import due
from jusha.projects.models import Fund

SQL: Final = Path(__file__).parent / "sql"
TRACE_SQL: Final = (SQL / "trace.sql").read_text()
RAPID_SQL: Final = (SQL / "rapid.sql").read_text()
LINKED_SQL: Final = (SQL / "linked.sql").read_text()
ONE_SQL: Final = "SELECT pg_try_advisory_xact_lock(hashtext('jusha guarding'))"
NEWEST_SQL: Final = """
SELECT number, received_at FROM giving_deed WHERE number > %s AND number <= %s
ORDER BY number DESC LIMIT 1"""
LAST_SQL: Final = "SELECT first + count - 1 FROM tlog_entries ORDER BY first DESC LIMIT 1"
SLICE: Final = 200_000
SLICES_A_ROUND: Final = 10
LATE_SECONDS: Final = 60
"""How much later than its moment a gift may be received and still be seen beside its neighbours."""
TRACE_DAYS: Final = 30
LANE: Final = "jobs"
ROW_MAX: Final = 1_000
NOBODY: Final = UUID(bytes=NO_PERSON)

log = structlog.get_logger("guarding")


class Found(NamedTuple):
    """A finding, by which version of which rule, about what."""

    rule: str
    version: int
    subject: UUID
    campaign: str
    finding: Finding
    project: str = ""


def scan(now: datetime, *, slice_size: int = SLICE, slices: int = SLICES_A_ROUND) -> int:
    """Look through what is new; how many entries were read.

    Reads: giving_deed, giving_refund, and what the SQL names. Writes: jusha_guardslice,
    jusha_guardtrace, jusha_abusecase, jusha_abusegift, the inbox.
    """
    read = 0
    for _ in range(slices):
        step = _slice(localdate(now), slice_size)
        read += step
        if not step:
            break
    _reports(localdate(now))
    return read


def forget_traces(now: datetime) -> int:
    """Delete traces whose days are over; how many. Writes: jusha_guardtrace, jusha_guardslice."""
    until = now - timedelta(days=TRACE_DAYS)
    newest = GuardSlice.objects.order_by("-upto").first()
    if newest is not None:
        GuardSlice.objects.filter(until__lt=until, upto__lt=newest.upto).delete()
    return GuardTrace.objects.filter(at__lt=until).delete()[0]


def _slice(today: date, size: int) -> int:
    """Read one slice in a transaction; 0 if there is nothing new, or another process reads."""
    with transaction.atomic():
        connection = django_connection()
        mine = connection.execute(ONE_SQL).fetchone()
        if not mine or not mine[0]:
            return 0
        last = connection.execute(LAST_SQL).fetchone()
        read = GuardSlice.objects.filter(upto__lte=last[0] if last else -1)
        first = read.order_by("-upto").values_list("upto", flat=True).first()
        first = -1 if first is None else first
        upto = min(last[0] if last else -1, first + size)
        if upto <= first:
            return 0
        newest = connection.execute(NEWEST_SQL, (first, upto)).fetchone()
        bounds = {"first": first, "upto": upto, "nobody": NOBODY}
        connection.execute(TRACE_SQL, bounds)
        _keep(_judged(bounds, today), today)
        until = newest[1] if newest else _until(first)
        GuardSlice.objects.create(upto=upto, until=until)
        return upto - first


def _until(first: int) -> datetime:
    """When the slice before was received, for one in which no gift was."""
    known = GuardSlice.objects.filter(upto=first).values_list("until", flat=True).first()
    return known or datetime.fromisoformat("2000-01-01T00:00:00+00:00")


def _judged(bounds: dict[str, Any], today: date) -> Iterator[Found]:
    """Let every rule that goes by gifts look at a slice."""
    codes = dict(Terms.objects.values_list("id", "code"))
    connection = django_connection()
    for rule, (version, terms) in in_force(today).items():
        if rule == "rapid":
            reach = timedelta(seconds=terms["seconds"] + LATE_SECONDS)
            more = {"rule": rule, "gifts": terms["gifts"], "reach": reach}
            rows = connection.execute(RAPID_SQL, bounds | more).fetchall()
            for campaign, _, link, acts in _groups(rows):
                if found := rapid(acts, terms):
                    yield Found(rule, version, _subject(rule, link), codes[campaign], found)
        elif rule in BY_LINK:
            kinds, judge = BY_LINK[rule]
            leasts = [least_of(rule, kind, terms) for kind in kinds]
            more = {"rule": rule, "kinds": [*kinds], "leasts": leasts}
            rows = connection.execute(LINKED_SQL, bounds | more).fetchall()
            for campaign, kind, link, acts in _groups(rows):
                if found := judge(acts, kind, terms):
                    yield Found(rule, version, _subject(rule, link), codes[campaign], found)


def _groups(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, int, UUID, list[Act]]]:
    """Gifts by campaign, kind and link, in the order in which they come."""
    for (campaign, kind, link), group in groupby(rows, key=lambda row: row[:3]):
        yield campaign, kind, link, [Act(*row[3:]) for row in group]


def _subject(rule: str, link: UUID) -> UUID:
    return UUID(bytes=sha256(rule.encode() + link.bytes).digest()[:16])


def _reports(today: date) -> None:
    """Open a case about a project that several people say was forced on them."""
    found = in_force(today).get("quota")
    if found is None:
        return
    version, terms = found
    days: dict[str, list[date]] = {}
    ended = AbuseCase.objects.filter(rule="quota", end__isnull=False)
    judged = {row.project: row.at for row in ended.order_by("id")}
    since = today - timedelta(days=2 * terms["days"])
    reports = Complaint.objects.filter(kind="quota", received_on__gte=since).exclude(project="")
    for project, day, at in reports.values_list("project", "received_on", "received_at"):
        if project not in judged or at > judged[project]:
            days.setdefault(project, []).append(day)
    told = [
        Found("quota", version, _subject("quota", _named(project)), "", finding, project)
        for project, each in sorted(days.items())
        if (finding := quota(each, terms))
    ]
    with transaction.atomic():
        _keep(told, today)


def _named(project: str) -> UUID:
    return UUID(bytes=sha256(project.encode()).digest()[:16])


def _keep(judged: Iterable[Found], today: date) -> None:
    """Open cases or add gifts to open ones, and have the matches of what is new held."""
    found = list(judged)
    if not found:
        return
    subjects = {each.subject for each in found}
    open_ = {
        (case.rule, case.subject, case.campaign): case
        for case in AbuseCase.objects.filter(subject__in=subjects, end__isnull=True)
    }
    due_on = due(today, working_days=figure(ANSWER_DAYS, on=today))
    projects = _projects_of({deed for each in found for deed in each.finding.deeds})
    fresh = [
        AbuseCase(
            rule=each.rule, version=each.version, subject=each.subject, campaign=each.campaign,
            project=each.project or _only({projects.get(d, "") for d in each.finding.deeds}),
            score=each.finding.score, inputs=each.finding.inputs, due_on=due_on,
        )
        for each in found
        if (each.rule, each.subject, each.campaign) not in open_
    ]  # fmt: skip
    for case in AbuseCase.objects.bulk_create(fresh):
        open_[case.rule, case.subject, case.campaign] = case
    _hold(open_, found)
    if fresh:
        log.info("abuse_cases_opened", count=len(fresh))


def _hold(cases: dict[tuple[str, UUID, str], AbuseCase], found: list[Found]) -> None:
    known = set(
        AbuseGift.objects.filter(case__in=[case.pk for case in cases.values()]).values_list(
            "case_id", "deed"
        )
    )
    fresh = [
        (case, deed)
        for each in found
        for case in (cases[each.rule, each.subject, each.campaign],)
        for deed in each.finding.deeds
        if (case.pk, deed) not in known
    ]
    AbuseGift.objects.bulk_create(
        [AbuseGift(case=case, deed=deed) for case, deed in fresh], batch_size=5_000
    )
    told = [_instruction(case, deed) for case, deed in fresh]
    for start in range(0, len(told), ROW_MAX):
        append(django_connection(), lane=LANE, envelopes=[*told[start : start + ROW_MAX]])


def _instruction(case: AbuseCase, deed: int) -> Instruction:
    identity = sha256(f"hold\n{case.pk}\n{deed}".encode()).digest()[:16]
    name = f"{case.rule}.{case.version}"
    body = {"deed": deed, "reason": f"{name}, case {case.pk}"}
    return Instruction(identity, "hold-match", f"rule {name}", body=body)


def _projects_of(deeds: set[int]) -> dict[int, str]:
    """The project's code of each gift. Reads: giving_deed, projects_fund."""
    if not deeds:
        return {}
    codes = dict(Fund.objects.values_list("project", "code"))
    rows = django_connection().execute(
        "SELECT number, project FROM giving_deed WHERE number = ANY(%s)", (sorted(deeds),)
    )
    return {number: codes.get(project, "") for number, project in rows}


def _only(codes: set[str]) -> str:
    return next(iter(codes)) if len(codes) == 1 else ""
