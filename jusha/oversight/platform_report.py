"""The platform reports on its own running, each half year and each year (R-MZ-6).

The figures come from settlement's tables, over entries of the public log: nobody types them. What
running the platform brought and cost, and the words, are the operator's. Two persons publish it.
"""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max

from jusha.inbox.connect import django_connection
from jusha.oversight.platform_models import PlatformReport
from jusha.oversight.platform_rules import FIGURES, check, span
from jusha.people import decisions
from jusha.people.models import Decision

KIND: Final = "platform-report"
FIGURES_SQL: Final = (Path(__file__).parent / "sql" / "platform_figures.sql").read_text()
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


def figures(period: str, *, today: date) -> dict[str, int]:
    """What happened in a period, by the names of FIGURES.

    Raises PlatformRefusedError("period"). Reads: as platform_figures.sql.
    """
    begins, ends = span(period)
    asked = {
        "begins": _midnight(begins), "ends": _midnight(ends), "from_on": begins, "upto_on": ends,
        "today": today,
    }  # fmt: skip
    row = django_connection().execute(FIGURES_SQL, asked).fetchone()
    assert row is not None
    return dict(zip(FIGURES, row, strict=True))


def propose_report(
    period: str, *, income: int, cost: int, words: str, correction: str, by: UUID, today: date
) -> Decision:
    """Put the next version of a period's report before a second person. Amounts in fen.

    Raises PlatformRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    body = {
        "period": period,
        "version": newest_version(period) + 1,
        "figures": figures(period, today=today),
        "income": income,
        "cost": cost,
        "words": words.strip(),
        "correction": correction.strip(),
    }
    check(period, body, today=today)
    return decisions.propose(KIND, charity="", subject=period, body=body, by=by)


def confirm_report(number: int, *, by: UUID) -> Decision:
    """Publish a version as another proposed it. Raises DecisionRefusedError.

    Refused as "stale" where another version came first.
    Writes: jusha_decisionend, jusha_platformreport.
    """

    def apply(found: Decision) -> None:
        if found.body["version"] != newest_version(found.body["period"]) + 1:
            raise decisions.DecisionRefusedError("stale")
        PlatformReport.objects.create(decision=found.pk, **found.body)

    return decisions.confirm(number, kind=KIND, by=by, apply=apply)


def newest_version(period: str) -> int:
    """How many versions a period's report has. Reads: jusha_platformreport."""
    found = PlatformReport.objects.filter(period=period).aggregate(most=Max("version"))
    return int(found["most"] or 0)


def versions(period: str) -> list[PlatformReport]:
    """A period's report, newest version first. Reads: jusha_platformreport."""
    return list(PlatformReport.objects.filter(period=period).order_by("-version"))


def reports() -> list[PlatformReport]:
    """The newest version of each period, newest first. Reads: jusha_platformreport."""
    found: dict[str, PlatformReport] = {}
    for each in PlatformReport.objects.order_by("-version"):
        found.setdefault(each.period, each)
    return sorted(found.values(), key=lambda each: span(each.period)[1], reverse=True)


def first_day() -> date | None:
    """The day of the first batch that was settled; None before. Reads: settlement_batch."""
    row = django_connection().execute("SELECT min(settled_at) FROM settlement_batch").fetchone()
    return row[0].astimezone(SHANGHAI).date() if row and row[0] else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=SHANGHAI).astimezone(UTC)
