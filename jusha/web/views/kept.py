"""Receipts that a visitor's browser keeps: their page, the count of checks, evidence handed in."""

import json
from typing import Any, Final

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jusha.money.clock import local_day, minute_text
from jusha.tlog import queries as tlog
from jusha.tlog import rechecks
from jusha.web.limits import Limits, address_of

REPORT_BYTES_MAX: Final = 200
EVIDENCE_BYTES_MAX: Final = 65_536
RECEIPTS_MAX: Final = 20
"""As many as a browser keeps."""
LIMITS: Final = Limits()

log = structlog.get_logger("kept")


def receipts(request: HttpRequest) -> HttpResponse:
    """Show what the visitor's browser keeps; the server does not know it."""
    return render(request, "web/receipts.html", {})


@csrf_exempt  # carries nobody's right: no cookie is read, and the origin is asked for
@require_POST
def report(request: HttpRequest) -> HttpResponse:
    """Count what a browser checked: {"checked": 1..20, "missing": 0..checked}."""
    told = _told(request, REPORT_BYTES_MAX)
    counts = _counts(told)
    if counts is None:
        return HttpResponse(status=400)
    checked, missing = counts
    now = int(timezone.now().timestamp())
    if not _take(request, checked, now_s=now):
        return HttpResponse(status=429)
    rechecks.add_report(rechecks.date_of(local_day(now)), checked=checked, missing=missing)
    if missing:
        log.warning("receipts_reported_missing", checked=checked, missing=missing)
    return HttpResponse(status=204)


@csrf_exempt  # as above
@require_POST
def evidence(request: HttpRequest) -> HttpResponse:
    """Keep evidence that proves itself, and show it from then on; refuse all else."""
    data = _body(request, EVIDENCE_BYTES_MAX)
    if data is None:
        return HttpResponse(status=400)
    now = int(timezone.now().timestamp())
    if not _take(request, 1, now_s=now):
        return HttpResponse(status=429)
    try:
        name = rechecks.keep_evidence(
            data, public=tlog.public_folder(), vkey=tlog.vkey(), found=minute_text(now)
        )
    except rechecks.NotEvidence:
        return HttpResponse(status=422)
    except rechecks.EnoughEvidence:
        return HttpResponse(status=507)
    log.error("evidence_against_this_log", name=name)
    return HttpResponse(status=204)


def _take(request: HttpRequest, receipts_: int, *, now_s: int) -> bool:
    address = address_of(request.META, proxy_hops=settings.JUSHA_PROXY_HOPS)
    return LIMITS.take(address, receipts_, now_s=now_s, day=local_day(now_s))


def _body(request: HttpRequest, most: int) -> bytes | None:
    """The body of a JSON request from a page of this site, not above `most` bytes; else None."""
    site = request.headers.get("Sec-Fetch-Site")
    own = f"{request.scheme}://{request.get_host()}"
    if site != "same-origin" and (site is not None or request.headers.get("Origin") != own):
        return None
    length = request.headers.get("Content-Length") or ""
    if request.content_type != "application/json" or not length.isascii() or not length.isdigit():
        return None
    return request.body if len(length) <= len(str(most)) and int(length) <= most else None


def _told(request: HttpRequest, most: int) -> Any:
    data = _body(request, most)
    try:
        return json.loads(data) if data is not None else None
    except (ValueError, RecursionError):
        return None


def _counts(told: Any) -> tuple[int, int] | None:
    """The two numbers of a report, if that is all it holds."""
    if not isinstance(told, dict) or told.keys() != {"checked", "missing"}:
        return None
    checked, missing = told["checked"], told["missing"]
    if type(checked) is not int or type(missing) is not int:
        return None
    return (checked, missing) if 1 <= checked <= RECEIPTS_MAX and 0 <= missing <= checked else None
