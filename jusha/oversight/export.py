"""What an authority is given of one case: decided by two, packed with hashes, each taking noted."""

from typing import Final
from uuid import UUID

from django.db import transaction

from jusha.oversight.export_files import packed
from jusha.oversight.models import Complaint, ExportTaken, RegulatorExport
from jusha.people import decisions
from jusha.people.models import Decision
from jusha.projects.models import Project

EXPORT_KIND: Final = "regulator-export"
CASE_MAX: Final = 60
AUTHORITY_MAX: Final = 80


class ExportRefusedError(Exception):
    """Nothing was decided; `code` says why: no-case, unknown."""

    def __init__(self, code: str) -> None:
        """Keep why."""
        super().__init__(code)
        self.code = code


def propose_export(
    *, case_id: str, authority: str, complaint: int, project: str, by: UUID
) -> Decision:
    """Ask a second person to let an authority have a case. Raises ExportRefusedError.

    `case_id` is the authority's own number; the case is a complaint, a project, or both.
    Raises DecisionRefusedError. Writes: jusha_decision.
    """
    case_id, authority = case_id.strip(), authority.strip()
    if not 0 < len(case_id) <= CASE_MAX or not 0 < len(authority) <= AUTHORITY_MAX:
        raise ExportRefusedError("no-case")
    found = Complaint.objects.filter(pk=complaint).first() if complaint else None
    if complaint and found is None:
        raise ExportRefusedError("unknown")
    code = project.strip() or (found.project if found else "")
    if not complaint and not Project.objects.filter(code=code).exists():
        raise ExportRefusedError("unknown")
    body = {
        "case_id": case_id,
        "authority": authority,
        "complaint": complaint,
        "project": code,
        "by": str(by),
    }
    return decisions.propose(EXPORT_KIND, charity="", subject=case_id, body=body, by=by)


def confirm_export(number: int, *, by: UUID) -> Decision:
    """Let an authority have a case, as another proposed. Raises DecisionRefusedError.

    Writes: jusha_decisionend, jusha_regulatorexport.
    """

    def apply(found: Decision) -> None:
        RegulatorExport.objects.create(decision=found.pk, **found.body)

    return decisions.confirm(number, kind=EXPORT_KIND, by=by, apply=apply)


def take_export(number: int, *, by: UUID) -> bytes:
    """The ZIP of a decided export, and a note that it was taken, both or neither.

    Raises RegulatorExport.DoesNotExist. Writes: jusha_exporttaken.
    """
    with transaction.atomic():
        found = RegulatorExport.objects.get(pk=number)
        file, digest = packed(found)
        ExportTaken.objects.create(export=number, by=by, sha256=digest, size_bytes=len(file))
    return file
