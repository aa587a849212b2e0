"""A charity says the figures of its whole year, by two of its finance; ratios follow (R-CL-61)."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max

from jusha.charities import queries as charities
from jusha.inbox.connect import django_connection
from jusha.law.queries import figure
from jusha.law.rules import NoFigureError
from jusha.oversight.year_models import YearFigures
from jusha.oversight.year_rules import Ratio, Said, check, ratios
from jusha.people import decisions
from jusha.people.models import Decision

KIND: Final = "year-figures"
KNOWN_SQL: Final = (Path(__file__).parent / "sql" / "year_known.sql").read_text()
SHANGHAI: Final = ZoneInfo("Asia/Shanghai")


class Known(NamedTuple):
    """What this platform knows of a charity's year, in fen."""

    donated: int
    programme: int
    running: int


class Year(NamedTuple):
    """A version of a year with its ratios by the law as recorded now, and what we know."""

    row: YearFigures
    ratios: list[Ratio]
    known: Known


def law(rule: str, on: date) -> int | None:
    """A figure of the law on a day; None where none is known. Reads: jusha_lawrule."""
    try:
        return figure(rule, on=on)
    except NoFigureError:
        return None


def ratios_of(charity: str, said: Said) -> list[Ratio]:
    """Both ratios by the kind of the charity. Reads: jusha_charity, jusha_lawrule."""
    found = charities.find(charity)
    return ratios(found.kind if found else "", said, law)


def known(charity: str, year: int) -> Known:
    """What was given to a charity's projects and spent of it in a year. Reads: as the SQL says."""
    asked = {"charity": charity, "begins": _start(year), "ends": _start(year + 1)}
    row = django_connection().execute(KNOWN_SQL, asked).fetchone()
    return Known(*row) if row else Known(0, 0, 0)


def propose_year(charity: str, said: Said, *, reason: str, by: UUID, today: date) -> Decision:
    """Put a year's figures before a second person of the charity's finance.

    Raises YearRefusedError, DecisionRefusedError. Writes: jusha_decision.
    """
    reason = reason.strip()
    check(said, reason, ratios_of(charity, said), today=today)
    body = said._asdict() | {
        "as_of": said.as_of.isoformat(),
        "version": newest_version(charity, said.year) + 1,
        "reason": reason,
    }
    subject = f"{charity}/{said.year}"
    return decisions.propose(KIND, charity=charity, subject=subject, body=body, by=by)


def confirm_year(number: int, *, by: UUID) -> Decision:
    """Publish figures as another proposed them; "stale" where another version came first.

    Raises DecisionRefusedError. Writes: jusha_decisionend, jusha_yearfigures.
    """

    def apply(found: Decision) -> None:
        body = found.body
        if body["version"] != newest_version(found.charity, body["year"]) + 1:
            raise decisions.DecisionRefusedError("stale")
        day = date.fromisoformat(body["as_of"])
        YearFigures.objects.create(
            decision=found.pk, charity=found.charity, **(body | {"as_of": day})
        )

    return decisions.confirm(number, kind=KIND, by=by, apply=apply)


def newest_version(charity: str, year: int) -> int:
    """How many versions a year has. Reads: jusha_yearfigures."""
    found = YearFigures.objects.filter(charity=charity, year=year).aggregate(most=Max("version"))
    return int(found["most"] or 0)


def years(charity: str) -> list[Year]:
    """A charity's years, newest first, every version of each. Reads: as `ratios_of`, `known`."""
    rows = YearFigures.objects.filter(charity=charity).order_by("-year", "-version")
    seen: dict[int, Known] = {}
    found = []
    for row in rows:
        about = seen.get(row.year) or seen.setdefault(row.year, known(charity, row.year))
        found.append(Year(row, ratios_of(charity, said_of(row)), about))
    return found


def said_of(row: YearFigures) -> Said:
    """A version as the rules see it."""
    return Said(row.year, row.as_of, row.income, row.mean_income, row.spent, row.admin)


def _start(year: int) -> datetime:
    return datetime.combine(date(year, 1, 1), time.min, tzinfo=SHANGHAI).astimezone(UTC)
