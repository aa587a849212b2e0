"""Keep the index of finding: read anew what changed, mark what takes gifts, make days' orders.

Triggers write what changed into a queue in the transaction of the change; a sweep takes some
thousand at once, reads them, and keeps them in one transaction, so nothing is lost and nothing is
read twice. Whether something may be found at all, and whether it takes gifts, depends on many
tables and on the day: that is compared by set once a minute.
"""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.timezone import localdate

from jusha.charities.models import Charity
from jusha.charities.queries import qualified
from jusha.finding.models import Findable, FindDue, FindPlace, FindVersion
from jusha.finding.queries import charities_shown, may_be_found, taking
from jusha.finding.rules import CHARITY, PROJECT, pairs, region_of, words
from jusha.inbox.connect import django_connection
from jusha.projects.models import Project

SQL: Final = Path(__file__).parent / "sql"
TAKE_SQL: Final = (SQL / "sweep_take.sql").read_text()
KEEP_SQL: Final = (SQL / "sweep_keep.sql").read_text()
DROP_SQL: Final = (SQL / "sweep_drop.sql").read_text()
MAKE_DAY_SQL: Final = (SQL / "make_day.sql").read_text()
REACHED_SQL: Final = (SQL / "mark_reached.sql").read_text()
STAGE_SQL: Final = (
    "CREATE TEMP TABLE found_now (kind smallint, code text, charity text, theme text,"
    " region text, ends_on date, head_pairs text, head_words text, pairs text, words text)"
    " ON COMMIT DROP"
)
STEP: Final = 4_000
"""Changes read in one transaction."""
MARK_EVERY: Final = timedelta(seconds=60)
MARK_SHARE: Final = 20
"""Marking takes at most one part of so many of the time, however large the site is."""
DAYS_KEPT: Final = 2
"""Orders of so many days past are kept, for whoever turns pages over midnight."""
Staged = tuple[Any, ...]


class Sweep:
    """What one process remembers between rounds: which days are made, when it marked last."""

    def __init__(self) -> None:
        self._day: date | None = None
        self._marks_at: datetime | None = None

    def round(self, now: datetime) -> int:
        """Bring the index up to date; how many projects and charities were read anew.

        Reads: jusha_project, jusha_charity and what says whether gifts are taken.
        Writes: jusha_findable, jusha_finddue, jusha_findplace.
        """
        today = localdate(now)
        if self._day != today:
            make_orders(today)
            self._day = today
        read = sweep(today)
        marks = self._marks_at is None or now >= self._marks_at
        if marks and enter_and_leave():
            read += sweep(today)
        changed = read
        if marks or read:
            began = time.monotonic()
            changed += mark(today)
            took = timedelta(seconds=time.monotonic() - began)
            self._marks_at = now + max(MARK_EVERY, MARK_SHARE * took)
        if changed:
            FindVersion.objects.update_or_create(id=1, defaults={"at": now})
        return read


def sweep(today: date) -> int:
    """Read everything anew that changed; how many changes. Writes: see `Sweep.round`."""
    read = 0
    while step := sweep_step(today):
        read += step
    return read


def make_orders(today: date) -> None:
    """Make the orders of today and tomorrow, and let go of old ones.

    Writes: jusha_findplace.
    """
    with transaction.atomic():
        connection = django_connection()
        for day in _days(today):
            connection.execute(MAKE_DAY_SQL, {"day": day})
    FindPlace.objects.filter(day__lt=today - timedelta(days=DAYS_KEPT)).delete()


def enter_and_leave() -> int:
    """Put into the queue what may be found and is not, and what is and may not be; how many."""
    found = Findable.objects.filter(kind=OuterRef("kind"), code=OuterRef("code"))
    count = 0
    for kind, shown in ((PROJECT, may_be_found()), (CHARITY, charities_shown())):
        found = Findable.objects.filter(kind=kind, code=OuterRef("code"))
        missing = shown.filter(~Exists(found)).values_list("code", flat=True)
        stale = Findable.objects.filter(kind=kind).exclude(code__in=shown.values("code"))
        codes = {*missing, *stale.values_list("code", flat=True)}
        FindDue.objects.bulk_create([FindDue(kind=kind, code=code) for code in codes], STEP)
        count += len(codes)
    return count


def sweep_step(today: date) -> int:
    """Read the oldest changes anew in one transaction; how many changes, 0 if none waits."""
    with transaction.atomic():
        connection = django_connection()
        taken = connection.execute(TAKE_SQL, {"most": STEP}).fetchall()
        if not taken:
            return 0
        connection.execute(STAGE_SQL)
        for kind in (CHARITY, PROJECT):
            codes = sorted({code for of, code in taken if of == kind})
            rows = list(_charities(codes) if kind == CHARITY else _projects(codes))
            with connection.cursor().copy("COPY found_now FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            gone = sorted(set(codes) - {row[1] for row in rows})
            if gone:
                connection.execute(DROP_SQL, {"kind": kind, "codes": gone})
        connection.execute(KEEP_SQL, {"days": _days(today)})
        connection.execute("DROP TABLE found_now")
    return len(taken)


def mark(today: date) -> int:
    """Mark what takes gifts and what reached its target; how many marks changed.

    Writes: jusha_findable.
    """
    changed = 0
    for kind, codes in ((PROJECT, taking(today)), (CHARITY, qualified(today))):
        of_kind = Findable.objects.filter(kind=kind)
        changed += of_kind.filter(takes=False, code__in=codes).update(takes=True)
        changed += of_kind.filter(takes=True).exclude(code__in=codes).update(takes=False)
    return changed + django_connection().execute(REACHED_SQL).rowcount


def _days(today: date) -> list[date]:
    return [today, today + timedelta(days=1)]


def _projects(codes: list[str]) -> Iterator[Staged]:
    """Projects that may be found, as rows of the stage."""
    for each in may_be_found().select_related("charity").filter(code__in=codes).iterator():
        yield project_row(each)


def project_row(project: Project) -> Staged:
    """A project with its words, as a row of the stage."""
    charity = project.charity
    head = (project.title_zh, charity.name_zh, project.place_zh)
    head_en = (
        project.title_en, charity.name_en, project.place_en, project.code, project.filing_no
    )  # fmt: skip
    text = (*head, project.summary_zh, project.story_zh, project.unit_zh)
    text_en = (*head_en, project.summary_en, project.story_en, project.unit_en)
    return (
        PROJECT, project.code, charity.code, theme_of(project), region_of(project.place_zh),
        project.ends_on, pairs(head), words((*head, *head_en)),
        pairs((*text, *text_en)), words((*text, *text_en)),
    )  # fmt: skip


def theme_of(project: Project) -> str:
    """The field of work that the project's plan names; "" if it names none."""
    return project.theme


def _charities(codes: list[str]) -> Iterator[Staged]:
    """Charities that may be found, as rows of the stage."""
    for each in charities_shown().filter(code__in=codes).iterator():
        yield charity_row(each)


def charity_row(charity: Charity) -> Staged:
    """A charity with its words, as a row of the stage."""
    head = (charity.name_zh,)
    head_en = (charity.name_en, charity.code, charity.uscc, charity.certificate_no)
    text = (*head, charity.address_zh, *head_en, charity.address_en)
    return (
        CHARITY, charity.code, charity.code, charity.kind, region_of(charity.address_zh), None,
        pairs((*head, charity.certificate_no)), words((*head, *head_en)), pairs(text), words(text),
    )  # fmt: skip
