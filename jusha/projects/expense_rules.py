"""What a request for an expense says, and what of it everybody reads. Pure.

The public words of an expense are hashed into its entry of the log, so that a page can never say
something else later; its supplier and the hashes of its files are hashed apart, because a supplier
may be a person.
"""

import csv
import hashlib
import io
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from jusha.projects.line import LINES

KINDS: Final = ("goods", "services", "grants", "works", "transport", "staff", "office", "other")
"""What money is spent on by its nature (R-AC-5 asks for nature and function: the line is that)."""
PURPOSE_MAX: Final = 200
PLACE_MAX: Final = 80
SUPPLIER_MAX: Final = 80
UNITS_MAX: Final = 10**9
AMOUNT_MAX_FEN: Final = 10**13
ROWS_MAX: Final = 200
COLUMNS: Final = (
    "project",
    "line",
    "amount",
    "what",
    "purpose",
    "place",
    "supplier",
    "on",
    "units",
)
FAULTS: Final = (
    "project",
    "line",
    "amount",
    "what",
    "purpose",
    "place",
    "supplier",
    "on",
    "to-come",
    "units",
    "more-than-is-left",
    "evidence",
)
PUBLIC: Final = ("what", "purpose", "place", "on", "units", "pictures")


class Asked(msgspec.Struct, frozen=True):
    """One request: amount in fen, the day on which it was paid; `units` of the project's outcome.

    `pictures` are SHA-256 of files that everybody sees once it is confirmed.
    """

    project: str
    line: str
    amount: int
    what: str
    purpose: str
    place: str
    supplier: str
    on: str
    units: int
    pictures: tuple[str, ...] = ()


def clean(text: str) -> str:
    """Text as it is kept: composed, one line, no characters that are not seen."""
    plain = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())


def faults(asked: Asked, *, today: date) -> list[str]:
    """What is wrong with a request, codes of FAULTS; none if it may be proposed."""
    found = [] if asked.line in LINES else ["line"]
    if not 0 < asked.amount <= AMOUNT_MAX_FEN:
        found.append("amount")
    if asked.what not in KINDS:
        found.append("what")
    for name, most, least in (
        ("purpose", PURPOSE_MAX, 1),
        ("place", PLACE_MAX, 1),
        ("supplier", SUPPLIER_MAX, 0),
    ):
        if not least <= len(getattr(asked, name)) <= most:
            found.append(name)
    on = read_day(asked.on)
    if on is None:
        found.append("on")
    elif on > today:
        found.append("to-come")
    if not 0 <= asked.units <= UNITS_MAX:
        found.append("units")
    return found


def read_day(text: str) -> date | None:
    """Read 2026-11-23; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == len("2026-11-23") else None
    except ValueError:
        return None


def read_fen(text: str) -> int:
    """Read yuan (1,234.50) as fen; 0 for anything else."""
    try:
        fen = Decimal(text.replace(",", "").strip(" ¥￥元")) * 100
    except InvalidOperation:
        return 0
    return int(fen) if fen.is_finite() and fen == int(fen) and abs(fen) < 10**15 else 0


def read_sheet(text: str) -> list[Asked]:
    """Requests from a table with the columns COLUMNS, one a line; a heading is passed over.

    Cells that cannot be read become values that `faults` names. Raises ValueError for a table
    without a row, with more than ROWS_MAX, or with other columns.
    """
    rows = [
        row for row in csv.reader(io.StringIO(text.lstrip("\ufeff"))) if any(map(str.strip, row))
    ]
    if rows and rows[0][0].strip() in {"project", "项目"}:
        rows = rows[1:]
    if not 0 < len(rows) <= ROWS_MAX:
        raise ValueError("rows")
    if any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError("columns")
    return [_asked(dict(zip(COLUMNS, map(clean, row), strict=True))) for row in rows]


def _asked(cells: dict[str, str]) -> Asked:
    units = cells["units"] or "0"
    return Asked(
        project=cells["project"],
        line=LINE_WORDS.get(cells["line"], cells["line"]),
        amount=read_fen(cells["amount"]),
        what=KIND_WORDS.get(cells["what"], cells["what"]),
        purpose=cells["purpose"],
        place=cells["place"],
        supplier=cells["supplier"],
        on=cells["on"].replace("/", "-"),
        units=int(units) if units.isdecimal() and len(units) < len(str(UNITS_MAX)) else -1,
    )


LINE_WORDS: Final = {"用于项目": "programme", "执行成本": "running"}
KIND_WORDS: Final = dict(
    zip(("物资", "服务", "发放", "工程", "运输", "人员", "办公", "其他"), KINDS, strict=True)
)


def public_words(body: dict[str, Any]) -> dict[str, Any]:
    """What of a request everybody reads."""
    return {name: body[name] for name in PUBLIC}


def words_hash(body: dict[str, Any]) -> bytes:
    """SHA-256 of the public words as JSON with sorted keys: the entry's `h`."""
    return _hash(public_words(body))


def evidence_hash(files: Iterable[str], supplier: str) -> bytes:
    """SHA-256 of the files' hashes and the supplier as JSON with sorted keys: the entry's `ev`."""
    return _hash({"files": sorted(files), "supplier": supplier})


def _hash(value: object) -> bytes:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).digest()
