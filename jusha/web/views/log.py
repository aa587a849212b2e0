"""The log explorer: the newest checkpoint, entries in words, a search, how to check us."""

from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from jusha.tlog import queries as tlog
from jusha.web.titles import titles_of
from jusha.web.views.verify import own_verifier
from jusha.web.words import about, kind_name

PAGE: Final = 50
DIGITS_MAX: Final = 15


def log(request: HttpRequest) -> HttpResponse:
    """Show a page of entries, newest first; a search by number leads to the entry."""
    wanted = request.GET.get("n", "").strip().replace(",", "").replace("，", "")
    if wanted.isascii() and wanted.isdigit() and len(wanted) <= DIGITS_MAX:
        return redirect("deed", number=int(wanted))
    size, before = tlog.size(), _before(request)
    end = size if before is None else min(before, size)
    entries = tlog.latest(PAGE, end)
    titles = titles_of(entries)
    newest = tlog.checkpoint()
    context: dict[str, Any] = {
        "rows": [(e, kind_name(e["k"]), about(e, titles)) for e in entries],
        "size": size,
        "wanted": wanted,
        "older": end - PAGE if end > PAGE else None,
        "newer": min(end + PAGE, size) if end < size else None,
        "checkpoint": newest,
        "published": newest.size if newest else 0,
        "vkey": tlog.vkey(),
        "verifier_digest": own_verifier().digest,
        "origin": settings.JUSHA_LOG_ORIGIN,
        "witnesses": tlog.witness_states(),
        "evidence": tlog.evidence(),
        "refusals": tlog.refused(),
    }
    return render(request, "web/log.html", context)


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None
