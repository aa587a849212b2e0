"""Registers of incidents and of assessments: entries that are corrected by a further version."""

from datetime import date
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from jusha.law.queries import figure
from jusha.oversight.models import RegisterEntry
from jusha.oversight.rules import years_later
from jusha.people.decisions import refused_by

INCIDENT: Final = "incident"
ASSESSMENT: Final = "assessment"
REGISTERS: Final = (INCIDENT, ASSESSMENT)
KEEP_YEARS: Final = {
    INCIDENT: "records-keep-years",
    ASSESSMENT: "impact-assessment-keep-years",
}
"""The figure of the law that says how long an entry of each register is kept at least."""
TITLE_MAX: Final = 120
TEXT_MAX: Final = 4_000


class RegisterRefusedError(Exception):
    """Nothing was written; `code` says why: unknown, no-words, too-long, bad-date, stale."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def record(
    register: str, *, number: int, title: str, text: str, happened_on: date, today: date, by: UUID
) -> RegisterEntry:
    """Write an entry, or with `number` the next version of one. Raises RegisterRefusedError.

    Of two who write at once the second is refused ("stale"): it looks at the first one's words.
    Reads: jusha_lawrule. Writes: jusha_registerentry.
    """
    title, text = title.strip(), text.strip()
    if register not in REGISTERS:
        raise RegisterRefusedError("unknown")
    if not title or not text:
        raise RegisterRefusedError("no-words")
    if len(title) > TITLE_MAX or len(text) > TEXT_MAX:
        raise RegisterRefusedError("too-long")
    if happened_on > today:
        raise RegisterRefusedError("bad-date")
    written = RegisterEntry.objects.filter(register=register)
    try:
        with transaction.atomic():
            versions = written.filter(number=number).aggregate(most=Max("version"))["most"] or 0
            if number and not versions:
                raise RegisterRefusedError("unknown")
            last = written.aggregate(most=Max("number"))["most"] or 0
            return RegisterEntry.objects.create(
                register=register,
                number=number or last + 1,
                version=versions + 1,
                title=title,
                text=text,
                happened_on=happened_on,
                keep_until=years_later(today, figure(KEEP_YEARS[register], on=today)),
                by=by,
            )
    except IntegrityError as error:
        if refused_by(error) != "register_version_once":
            raise
        raise RegisterRefusedError("stale") from error


def entries(register: str) -> list[RegisterEntry]:
    """Every version of every entry, newest entry first, versions newest first.

    Reads: jusha_registerentry.
    """
    return list(RegisterEntry.objects.filter(register=register).order_by("-number", "-version"))
