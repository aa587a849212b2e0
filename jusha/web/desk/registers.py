"""Registers of incidents and assessments at the desk, and what an authority is given of a case."""

from datetime import date
from typing import Any, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.timezone import localdate
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from jusha.oversight.export import (
    EXPORT_KIND,
    ExportRefusedError,
    confirm_export,
    propose_export,
    take_export,
)
from jusha.oversight.models import ExportTaken, RegulatorExport
from jusha.oversight.register import (
    INCIDENT,
    REGISTERS,
    TEXT_MAX,
    RegisterRefusedError,
    entries,
    record,
)
from jusha.people import decisions
from jusha.people.decisions import DecisionRefusedError
from jusha.people.rules import Office
from jusha.web.complaint_words import REFUSALS, word
from jusha.web.desk.guard import DeskRequest, prove_first, require_role
from jusha.web.desk.staff import Staff

SEE_OTHER: Final = 303
REFUSED: Final = 422
DIGITS_MAX: Final = 15
KEEPERS: Final = (Office.OPERATOR, Office.REVIEWER)
REGISTER_WORDS: Final = {
    "unknown": gettext_lazy("没有这一条。什么都没有改变。"),
    "no-words": gettext_lazy("请写下标题和内容。"),
    "too-long": gettext_lazy("标题最多 120 字，内容最多 4000 字。"),
    "stale": gettext_lazy("别人刚刚也写了一条。请先看最新的，再写一次。"),
    "bad-date": gettext_lazy("请写成 2026-12-01 这样的日期，不晚于今天。"),
}
EXPORT_WORDS: Final = REFUSALS | {
    "no-case": gettext_lazy("请写下主管部门的名称和文号。"),
    "unknown": gettext_lazy("没有这件举报或这个项目。什么都没有改变。"),
    "not-yours": gettext_lazy("这件事要由运行或审核人员来做。"),
}


def waiting(staff: Staff) -> int:
    """How many exports wait for this person's confirmation. Reads: jusha_decision."""
    if staff.office not in KEEPERS:
        return 0
    return decisions.open_decisions(EXPORT_KIND).exclude(proposed_by=staff.account.pk).count()


def nothing(_staff: Staff) -> int:
    """Nothing ever waits in a register; it is only found from here."""
    return 0


@require_role(Office.OPERATOR, Office.REVIEWER, Office.AUDITOR)
def registers(request: DeskRequest) -> HttpResponse:
    """Show a register; write an entry, or a further version of one."""
    shown = request.GET.get("register", INCIDENT)
    if shown not in REGISTERS:
        raise Http404(shown)
    refusal = _recorded(request, shown) if request.method == "POST" else ""
    if request.method == "POST" and not refusal:
        way = f"{reverse('desk-registers')}?register={shown}"
        return HttpResponseRedirect(way, status=SEE_OTHER)
    context: dict[str, Any] = {
        "shown": shown,
        "rows": entries(shown),
        "may": request.staff.office in KEEPERS,
        "most": TEXT_MAX,
        "refusal": word(REGISTER_WORDS, refusal) if refusal else "",
        "typed": request.POST if refusal else {},
    }
    return render(request, "web/desk_registers.html", context, status=REFUSED if refusal else 200)


def _recorded(request: DeskRequest, register: str) -> str:
    said = request.POST
    happened = _day(said.get("happened_on", ""))
    if happened is None:
        return "bad-date"
    try:
        record(
            register,
            number=_number(said.get("number", "")),
            title=said.get("title", ""),
            text=said.get("text", ""),
            happened_on=happened,
            today=localdate(),
            by=request.account.pk,
        )
    except RegisterRefusedError as error:
        return error.code
    return ""


@require_role(Office.OPERATOR, Office.REVIEWER, Office.AUDITOR)
def exports(request: DeskRequest) -> HttpResponse:
    """List what authorities were given; propose an export, confirm a colleague's."""
    if request.POST.get("do") == "confirm" and (first := prove_first(request)) is not None:
        return first
    refusal = _decided(request) if request.method == "POST" else ""
    if request.method == "POST" and not refusal:
        return HttpResponseRedirect(reverse("desk-exports"), status=SEE_OTHER)
    found = list(RegulatorExport.objects.order_by("-id"))
    taken: dict[int, list[ExportTaken]] = {}
    for each in ExportTaken.objects.order_by("id"):
        taken.setdefault(each.export, []).append(each)
    context: dict[str, Any] = {
        "rows": [(each, taken.get(each.pk, [])) for each in found],
        "open": [
            (each, each.proposed_by == request.account.pk)
            for each in decisions.open_decisions(EXPORT_KIND)
        ],
        "may": request.staff.office in KEEPERS,
        "refusal": word(EXPORT_WORDS, refusal) if refusal else "",
        "typed": request.POST if refusal else {},
    }
    return render(request, "web/desk_exports.html", context, status=REFUSED if refusal else 200)


def _decided(request: DeskRequest) -> str:
    said, by = request.POST, request.account.pk
    number = _number(said.get("decision", ""))
    try:
        match said.get("do", ""):
            case "propose":
                propose_export(
                    case_id=said.get("case_id", ""),
                    authority=said.get("authority", ""),
                    complaint=_number(said.get("complaint", "")),
                    project=said.get("project", ""),
                    by=by,
                )
            case "confirm":
                confirm_export(number, by=by)
            case "withdraw":
                decisions.withdraw(number, kind=EXPORT_KIND, by=by)
            case _:
                return "unknown"
    except (ExportRefusedError, DecisionRefusedError) as error:
        return error.code
    return ""


@require_role(*KEEPERS)
@require_POST
def export_file(request: DeskRequest, number: str) -> HttpResponse:
    """Hand the archive over, and note that it was taken."""
    if (first := prove_first(request, back=reverse("desk-exports"))) is not None:
        return first
    try:
        file = take_export(int(number), by=request.account.pk)
    except RegulatorExport.DoesNotExist as error:
        raise Http404(number) from error
    answer = HttpResponse(file, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="jusha-export-{number}.zip"'
    return answer


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MAX else 0


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
