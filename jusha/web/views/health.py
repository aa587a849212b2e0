"""Whether everything runs: for people as a page, for machines as JSON with a status code."""

import json
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.tlog import queries as tlog

STALE_SECONDS: Final = 30
"""A supervisor that has not written for so long is itself gone."""


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 if database and supervisor answer, else 503."""
    state = _state()
    well = all(state["checks"].values())
    status = 200 if well else 503
    wants = request.get_preferred_type(["text/html", "application/json"])
    if wants == "application/json" or request.GET.get("format") == "json":
        response: HttpResponse = JsonResponse({"ok": well} | state, status=status)
    else:
        response = render(request, "web/health.html", {"well": well} | state, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _state() -> dict[str, Any]:
    settled: int | None = None
    try:
        settled = tlog.size()
    except Error:  # said in the answer: the database check is false
        settled = None
    newest = tlog.checkpoint()
    supervisor = _supervisor(Path(settings.HOME) / "run" / "state.json")
    processes: dict[str, dict[str, Any]] = supervisor.get("processes", {})
    checks = {"database": settled is not None}
    if supervisor:
        checks["supervisor"] = timezone.now().timestamp() - supervisor["at"] < STALE_SECONDS
        checks["processes"] = all(each.get("pid") for each in processes.values())
        troubles = [each.get("why") for each in processes.values()]
        checks["untroubled"] = not any([*troubles, supervisor.get("database", {}).get("why")])
    return {
        "checks": checks,
        "processes": processes,
        "settled": settled,
        "published": newest.size if newest else 0,
    }


def _supervisor(path: Path) -> dict[str, Any]:
    """What the supervisor wrote last; empty where processes run without one."""
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found
