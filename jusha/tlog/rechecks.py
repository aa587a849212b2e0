"""Donors are the auditors: what their browsers report, and evidence that they hand in.

A report is two numbers that nobody can prove; it is counted as a report and shown as one
(docs/design/0010-donors-are-auditors.md). Evidence proves itself, or is not kept.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.db import connection

from jusha.merkle.note import parse_vkey
from jusha.tlog.evidence import FILES_MAX, FORMAT, judged
from jusha.tlog.files import write_whole
from jusha.tlog.models import Rechecks

EPOCH: Final = date(1970, 1, 1)
ADD: Final = (Path(__file__).parent / "sql" / "add_recheck.sql").read_text()
FIELDS: Final = {
    "same-size": ("format", "kind", "log", "found", "older", "newer"),
    "diverging": (
        "format", "kind", "log", "found", "older", "newer", "parts", "place", "hash", "path",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Day:
    """What was reported on one day: reports, receipts checked, receipts said to be missing."""

    reports: int = 0
    checked: int = 0
    missing: int = 0


class NotEvidence(ValueError):
    """What was handed in proves no contradiction of this log."""


class EnoughEvidence(Exception):
    """As many files as are shown stand there already."""


def date_of(local_day: int) -> date:
    """The date of a numbered Shanghai day."""
    return EPOCH + timedelta(days=local_day)


def add_report(day: date, *, checked: int, missing: int) -> None:
    """Count one browser's report. Writes: tlog_rechecks."""
    with connection.cursor() as cursor:
        cursor.execute(ADD, {"day": day, "checked": checked, "missing": missing})


def of_day(day: date) -> Day:
    """What was reported on a Shanghai day. Reads: tlog_rechecks."""
    found = Rechecks.objects.filter(day=day).first()
    return Day(found.reports, found.checked, found.missing) if found else Day()


def keep_evidence(data: bytes, *, public: Path, vkey: str, found: str) -> str:
    """Keep evidence that proves that this log signed two contradicting trees; return its name.

    Only known fields are written, with the minute `found` in which it came, under a name made
    from both trees: one contradiction is one file, whoever hands it in.
    Raises NotEvidence, EnoughEvidence, OSError. Writes: evidence/ in the public folder.
    """
    if not vkey or not judged("", data, log_key=parse_vkey(vkey)).is_proven:
        raise NotEvidence
    told: dict[str, Any] = json.loads(data)
    known = {name: told[name] for name in FIELDS[told["kind"]] if name in told}
    known |= {"format": FORMAT, "log": vkey, "found": found}
    body = json.dumps(known, ensure_ascii=False, indent=1).encode()
    trees = sorted(str(told[name]).partition("\n\n")[0] for name in ("older", "newer"))
    name = f"visitor-{sha256(json.dumps(trees).encode()).hexdigest()[:32]}.json"
    path = public / "evidence" / name
    if path.exists():
        return name
    if len(list(path.parent.glob("*.json"))) >= FILES_MAX:
        raise EnoughEvidence
    if not judged("", body, log_key=parse_vkey(vkey)).is_proven:
        raise NotEvidence
    write_whole(path, body)
    return name
