"""The files of an export: JSON and CSV, and a manifest with the SHA-256 of each.

What a reporter wrote is in it, because the authority judges it; how the reporter is reached is not:
that is handed over on a demand of its own. Donors stand in it by entry numbers alone.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.forms.models import model_to_dict

from jusha.charities.models import Certificate, Charity
from jusha.giving.models import Deed, Refund
from jusha.money.assets import ASSETS_BY_NUMBER
from jusha.oversight.models import Complaint, ComplaintStep, RegulatorExport
from jusha.oversight.words import read_words
from jusha.people.models import Decision
from jusha.projects import queries as projects
from jusha.projects.models import Project, ProjectHold

GIFTS: Final = ("number", "at", "asset", "amount", "refunded", "held")
EPOCH: Final = (1980, 1, 1, 0, 0, 0)
"""The only time in the archive, so that the same facts make the same bytes."""


def packed(export: RegulatorExport) -> tuple[bytes, str]:
    """The archive and its SHA-256 in hexadecimal."""
    files = _files(export)
    manifest = {
        "case": export.case_id,
        "authority": export.authority,
        "decision": export.decision,
        "decided_at": export.at,
        "files": {
            name: {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
            for name, body in sorted(files.items())
        },
    }
    files["manifest.json"] = _json(manifest)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, body in sorted(files.items()):
            out.writestr(zipfile.ZipInfo(name, EPOCH), body, zipfile.ZIP_DEFLATED)
    whole = archive.getvalue()
    return whole, hashlib.sha256(whole).hexdigest()


def _files(export: RegulatorExport) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    if export.complaint:
        files |= _complaint(export.complaint)
    if export.project:
        files |= _project(export.project)
    return files


def _complaint(number: int) -> dict[str, bytes]:
    words = read_words(number)
    steps = [
        _row(step) | {"words": words.get(step.pk, "")}
        for step in ComplaintStep.objects.filter(complaint=number).order_by("id")
    ]
    return {
        "complaint.json": _json(_row(Complaint.objects.get(pk=number))),
        "complaint-steps.json": _json(steps),
    }


def _project(code: str) -> dict[str, bytes]:
    files = {
        "holds.json": _json(map(_row, ProjectHold.objects.filter(project=code).order_by("id"))),
        "decisions.json": _json(_decision(each) for each in _decisions(code)),
        "gifts.csv": _csv(GIFTS, _gifts(code)),
    }
    project = Project.objects.filter(code=code).select_related("charity").first()
    if project is not None:
        charity = project.charity
        papers = Certificate.objects.filter(charity=charity.code).order_by("id")
        files["project.json"] = _json(_row(project))
        files["charity.json"] = _json(_row(Charity.objects.get(pk=charity.pk)))
        files["certificates.json"] = _json(map(_row, papers))
    return files


def _decisions(code: str) -> Iterable[Decision]:
    return Decision.objects.filter(subject=code).select_related("end").order_by("id")


def _decision(found: Decision) -> dict[str, Any]:
    end = getattr(found, "end", None)
    return _row(found) | {"end": _row(end) if end else None}


def _gifts(code: str) -> Iterable[tuple[Any, ...]]:
    """Each gift of the project by its entry in the log, with what was sent back of it."""
    fund = projects.fund(code)
    if fund is None:
        return
    deeds = Deed.objects.filter(project=fund.project).order_by("number")
    back: dict[int, int] = {}
    numbers = deeds.values("number")
    for deed, amount in Refund.objects.filter(deed__in=numbers).values_list("deed", "amount"):
        back[deed] = back.get(deed, 0) + amount
    for each in deeds.iterator():
        asset = ASSETS_BY_NUMBER[each.asset].code
        at = each.effective_at.isoformat(timespec="minutes")
        yield each.number, at, asset, each.amount, back.get(each.number, 0), int(each.held)


def _row(found: Model) -> dict[str, Any]:
    """Every column of a row, in the model's order, times among them."""
    fields = found._meta.concrete_fields
    return model_to_dict(found) | {
        field.name: field.value_from_object(found) for field in fields if not field.editable
    }


def _json(found: Any) -> bytes:
    told = found if isinstance(found, dict) else list(found)
    text = json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1, sort_keys=True)
    return f"{text}\n".encode()


def _csv(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue().encode()
