"""Tables of open data as CSV and as JSON lines, made while they are sent.

A cell of CSV that a spreadsheet would run as a formula begins with an apostrophe (OWASP, CSV
injection); JSON lines have the text as it was written. Amounts are integers of fen.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

import msgspec
from django.conf import settings
from django.urls import reverse

from jusha.charities.models import Certificate
from jusha.web.cards import cards
from jusha.web.open import queries

RUN: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""Also in full width: spreadsheets of East Asian languages take these for the narrow ones."""
LINES: Final = 500
PROJECTS: Final = (
    "code", "title_zh", "title_en", "charity", "charity_name_zh", "place_zh", "place_en", "theme",
    "region", "filing_no", "starts_on", "ends_on", "takes_gifts", "unit_fen", "unit_zh",
    "target_fen", "running_permille", "gifts", "given_fen", "matched_fen", "url",
)  # fmt: skip
CHARITIES: Final = (
    "code", "name_zh", "name_en", "uscc", "certificate_no", "certificate_issuer",
    "certificate_from", "certificate_until", "address_zh", "address_en", "phone", "url",
)  # fmt: skip
GIFTS: Final = ("day", "project", "charity", "gifts", "given_fen")
Row = tuple[Any, ...]


def address(name: str, *args: str) -> str:
    """A page's whole address."""
    return f"{settings.JUSHA_SITE}{reverse(name, args=args)}"


def projects() -> Iterator[Row]:
    """Rows of PROJECTS, of everything that may be found, by code. Five questions a thousand."""
    for step in queries.projects():
        facets = queries.facets_of([each.code for each in step])
        for each, progress, gifts in cards(step):
            seen = facets.get(each.code)
            if seen is None:
                continue  # came in this moment: it is in the next table
            yield (
                each.code, each.title_zh, each.title_en, each.charity.code, each.charity.name_zh,
                each.place_zh, each.place_en, seen.theme, seen.region, each.filing_no,
                each.starts_on, each.ends_on, seen.takes, each.unit_amount, each.unit_zh,
                each.target_amount, each.running_permille, gifts, progress.given,
                progress.matched, address("project", each.code),
            )  # fmt: skip


def charities(today: date) -> Iterator[Row]:
    """Rows of CHARITIES with the newest certificate that has begun, by code."""
    for step in queries.charities():
        codes = [each.code for each in step]
        begun = Certificate.objects.filter(charity__in=codes, valid_from__lte=today)
        newest = {each.charity: each for each in begun.order_by("id")}
        for each in step:
            paper = newest.get(each.code)
            yield (
                each.code, each.name_zh, each.name_en, each.uscc,
                paper.number if paper else "", paper.issuer if paper else "",
                paper.valid_from if paper else None, paper.valid_until if paper else None,
                each.address_zh, each.address_en, each.phone, address("charity", each.code),
            )  # fmt: skip


def gifts(day: date, size: int) -> Iterator[Row]:
    """Rows of GIFTS of one day, entries below `size` alone."""
    for project, charity, count, fen in queries.gifts_of(day, size):
        yield (day, project, charity, count, fen)


def as_csv(columns: tuple[str, ...], rows: Iterable[Row]) -> Iterator[bytes]:
    """RFC 4180 in UTF-8 with a byte order mark, which spreadsheets need for Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    text.write("\ufeff")
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell(each) for each in row])
        if number % LINES == 0:
            yield _taken(text)
    yield _taken(text)


def as_json_lines(columns: tuple[str, ...], rows: Iterable[Row]) -> Iterator[bytes]:
    """One JSON object a line, by the names of the columns."""
    found: list[bytes] = []
    for row in rows:
        found.append(msgspec.json.encode(dict(zip(columns, row, strict=True))) + b"\n")
        if len(found) == LINES:
            yield b"".join(found)
            found.clear()
    yield b"".join(found)


def cell(value: object) -> str:
    """A value as a cell of CSV: no text is run as a formula, truth is true or false."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    runs = isinstance(value, str) and text.lstrip(" \u3000").startswith(RUN)
    return f"'{text}" if runs else text


def _taken(text: io.StringIO) -> bytes:
    found = text.getvalue().encode()
    text.seek(0)
    text.truncate()
    return found
