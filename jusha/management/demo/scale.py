"""A demo world as large as the largest platform: 130,000 projects of 30,000 charities.

For trying search, lists and open data at the size that they were made for. Everything is invented
by a seeded generator, says so, and is written by set: pages by COPY as the owner, funds by
instructions that settlement obeys, as everywhere.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, Final

from django.db import connection as django
from django.db import models, transaction
from psycopg import Connection, sql

from jusha.charities.models import Certificate, Charity
from jusha.inbox.append import append, new_id
from jusha.inbox.connect import django_connection
from jusha.inbox.envelopes import Instruction
from jusha.management.demo import scale_words as words
from jusha.management.demo.build import credit_code
from jusha.projects.models import Project
from jusha.projects.plan_models import Filing

SEED: Final = 20261123
CHARITY_CODE: Final = "big-{:05d}"
PROJECT_CODE: Final = "big-{:06d}"
CODES_FROM: Final = 100_000
"""Credit codes of the large world are numbered from here."""
ROW: Final = 500
"""Instructions a row of the inbox."""
BY: Final = "demo"
SECOND: Final = "demo too"
CHARITY_WITHOUT: Final = 1
CHARITY_OVER: Final = 3
"""Of a hundred charities: so many have no certificate, so many one that is over."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a world is."""

    charities: int
    projects: int


SCALES: Final = {"tencent": Scale(30_000, 130_000), "small": Scale(30, 130)}


class ScaleRefusedError(Exception):
    """The large world contradicts itself; nothing was written."""


def write_pages(scale: Scale, *, today: date) -> bool:
    """Write the pages of a large world with certificates and filings; False if it is there.

    In one transaction, as the owner. Writes: jusha_charity, jusha_certificate, jusha_project,
    jusha_filing.
    """
    if Charity.objects.filter(code=CHARITY_CODE.format(1)).exists():
        return False
    chance = Random(SEED)  # noqa: S311 - a world to look at, no secrecy
    with transaction.atomic():
        copy_in(Charity, charities(scale, chance))
        copy_in(Certificate, certificates(scale, chance, today))
        found = Charity.objects.filter(code__startswith="big-").order_by("code")
        made = list(projects(scale, chance, today, list(found.values_list("id", flat=True))))
        copy_in(Project, (project for project, _ in made))
        copy_filings(filing(project, code) for project, code in made)
    with django.cursor() as cursor:
        cursor.execute("ANALYZE jusha_charity, jusha_certificate, jusha_project, jusha_filing")
    return True


def copy_in(model: type[models.Model], rows: Iterable[models.Model]) -> None:
    """COPY new rows of a model into its table, every field as the model would save it."""
    fields = [each for each in model._meta.concrete_fields if not each.primary_key]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(model._meta.db_table),
        sql.SQL(", ").join([sql.Identifier(str(each.column)) for each in fields]),
    )
    with django_connection().cursor().copy(statement) as copy:
        for row in rows:
            values = ((each, each.pre_save(row, add=True)) for each in fields)
            copy.write_row([each.get_db_prep_save(value, django) for each, value in values])


def copy_filings(rows: Iterable[Filing]) -> None:
    """COPY filings, and check by set what their trigger checks row by row.

    It takes a lock for each number: too many for one transaction.
    Raises ScaleRefusedError.
    """
    connection = django_connection()
    connection.execute("ALTER TABLE jusha_filing DISABLE TRIGGER filing_is_own")
    copy_in(Filing, rows)
    connection.execute("ALTER TABLE jusha_filing ENABLE TRIGGER filing_is_own")
    wrong = connection.execute(
        "SELECT count(*) - count(DISTINCT f.number), count(*) FILTER (WHERE"
        " c.uscc IS DISTINCT FROM left(f.number, 18)) FROM jusha_filing f"
        " LEFT JOIN jusha_charity c ON c.code = f.charity WHERE f.project LIKE 'big-%'"
    ).fetchone()
    if wrong != (0, 0):
        raise ScaleRefusedError(f"filing numbers: {wrong}")


def charities(scale: Scale, chance: Random) -> Iterator[Charity]:
    """Invented charities, each name with 演示 in it."""
    for n in range(1, scale.charities + 1):
        province, town = chance.choice(words.PROVINCES), _town(chance)
        virtue, kind = chance.choice(words.VIRTUES), chance.choice(words.KINDS)
        yield Charity(
            code=CHARITY_CODE.format(n),
            name_zh=f"{town[0]}{virtue[0]}{kind[0]}（演示 {n}）",
            name_en=f"{town[1]} {virtue[1]} {kind[1]} (demo {n})",
            uscc=credit_code(CODES_FROM + n),
            certificate_no=f"演示证书大 {n} 号",
            address_zh=f"{province[0]}省{town[0]}县和平路 {n % 200 + 1} 号",
            address_en=f"{n % 200 + 1} Peace Road, {town[1]}, {province[1]} Province",
            phone=f"000-9{n:07d}",
        )


def certificates(scale: Scale, chance: Random, today: date) -> Iterator[Certificate]:
    """Certificates of most: of a hundred charities one has none and three have one that ended."""
    for n in range(1, scale.charities + 1):
        lot = chance.randrange(100)
        if lot < CHARITY_WITHOUT:
            continue
        code = CHARITY_CODE.format(n)
        is_over = lot < CHARITY_WITHOUT + CHARITY_OVER
        left = -chance.randrange(1, 300) if is_over else chance.randrange(30, 1_700)
        yield Certificate(
            charity=code,
            number=f"演示证书大 {n} 号",
            issuer="演示民政局",
            valid_from=today - timedelta(days=400),
            valid_until=today + timedelta(days=left),
            evidence=hashlib.sha256(code.encode()).hexdigest(),
            set_by=BY,
            second=SECOND,
        )


def projects(
    scale: Scale, chance: Random, today: date, owners: list[int]
) -> Iterator[tuple[Project, str]]:
    """Invented projects with their charities' codes; every charity has one, a few have many."""
    for n in range(1, scale.projects + 1):
        place = n - 1 if n <= scale.charities else int(chance.random() ** 3 * scale.charities)
        made = project(n, chance, today, owner=owners[place], place=place + 1)
        yield made, CHARITY_CODE.format(place + 1)


def project(n: int, chance: Random, today: date, *, owner: int, place: int) -> Project:
    """One invented project: three of four raise money now, the others are over."""
    field = chance.choice(words.FIELDS)
    thing, town = chance.choice(field.things), _town(chance)
    province = chance.choice(words.PROVINCES)
    need, way = chance.randrange(len(field.need_zh)), chance.choice(words.WAYS)
    count, begun = chance.randrange(20, 900), chance.randrange(1, 330)
    left = chance.randrange(1, 360) if chance.randrange(4) else -chance.randrange(1, begun + 1)
    return Project(
        code=PROJECT_CODE.format(n),
        charity_id=owner,
        title_zh=f"{town[0]}的{thing.zh}",
        title_en=f"{town[1]}: {thing.en}",
        summary_zh=f"为{town[0]}县的{field.whom_zh}提供{thing.zh}，一共 {count} 份。",
        summary_en=f"{thing.en.capitalize()} for {field.whom_en} in {town[1]}: {count} in all.",
        story_zh=f"{town[0]}县有 {count} 位{field.whom_zh}。{field.need_zh[need]}。\n\n{way[0]}",
        story_en=f"In {town[1]} {count} wait: {field.need_en[need]}.\n\n{way[1]}",
        place_zh=f"{province[0]}省{town[0]}县",
        place_en=f"{town[1]} County, {province[1]} Province",
        unit_amount=thing.fen,
        unit_zh=thing.unit_zh,
        unit_en=thing.unit_en,
        target_amount=thing.fen * count,
        running_permille=chance.choice((0, 30, 50, 80, 100)),
        filing_no=f"{credit_code(CODES_FROM + place)}A{n:06d}",
        starts_on=today - timedelta(days=begun),
        ends_on=today + timedelta(days=left),
    )


def filing(project: Project, charity: str) -> Filing:
    """The filing of an invented project, as if two persons had seen it."""
    return Filing(
        charity=charity,
        project=project.code,
        number=project.filing_no,
        filed_on=project.starts_on - timedelta(days=12),
        starts_on=project.starts_on,
        ends_on=project.ends_on,
        evidence=hashlib.sha256(project.code.encode()).hexdigest(),
        set_by=BY,
        second=SECOND,
    )


def tell_settlement(connection: Connection[Any], scale: Scale) -> int:
    """Append what opens the funds of a large world; how many instructions, 0 if it was told.

    Nobody waits for outcomes: settlement takes some thousand a second. `connection` is in
    autocommit. Reads: charities_payee. Writes: the inbox.
    """
    first = CHARITY_CODE.format(1)
    if connection.execute("SELECT 1 FROM charities_payee WHERE code = %s", (first,)).fetchone():
        return 0
    admitted = ((CHARITY_CODE.format(n),) for n in range(1, scale.charities + 1))
    told = _append(connection, "admit-charity", ({"code": code} for (code,) in admitted))
    opened = connection.execute(
        "SELECT p.code, c.code, p.running_permille FROM jusha_project p"
        " JOIN jusha_charity c ON c.id = p.charity_id WHERE p.code LIKE 'big-%' ORDER BY p.code"
    ).fetchall()
    bodies = (
        {"code": code, "charity": charity, "running_permille": permille}
        for code, charity, permille in opened
    )
    return told + _append(connection, "open-project", bodies)


def _append(connection: Connection[Any], kind: str, bodies: Iterable[dict[str, Any]]) -> int:
    row: list[Instruction] = []
    count = 0
    for body in bodies:
        row.append(Instruction(new_id(), kind, BY, "", body))
        if len(row) == ROW:
            append(connection, lane="console", envelopes=list(row))
            count += len(row)
            row.clear()
    if row:
        append(connection, lane="console", envelopes=list(row))
    return count + len(row)


def _town(chance: Random) -> tuple[str, str]:
    """A county that does not exist, in both languages."""
    first, second = chance.choice(words.FIRST), chance.choice(words.SECOND)
    return first[0] + second[0], first[1] + second[1]
