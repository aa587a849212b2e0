"""A rule version at its own address: what it says, its document, its hash, and when it acts."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.matching import queries as matching
from jusha.matching.document import write_document
from jusha.matching.rules import terms_hash
from jusha.tlog import queries as tlog
from jusha.web.rule_words import rule_lines, rule_title

DOCUMENT_TYPE = "application/toml; charset=utf-8"


def rule(request: HttpRequest, name: str) -> HttpResponse:
    """Show a rule version, whether it acts already, still, or not any more."""
    found = matching.version(name)
    entry = tlog.entry(found.number) if found else None
    if found is None or entry is None:
        raise Http404(name)
    versions = matching.versions(code=found.code)
    later = [each for each in versions if each.from_at > found.from_at]
    until = min((each.from_at for each in later), default=None)
    now = timezone.now()
    context: dict[str, Any] = {
        "rule": found,
        "title": rule_title(found.terms),
        "lines": rule_lines(found.terms),
        "document": write_document(found.terms),
        "hash": terms_hash(found.terms),
        "entry": entry,
        "campaign": campaigns.named([entry["rd"]]).get(entry["rd"]),
        "versions": versions,
        "until": until,
        "is_ahead": now < found.from_at,
        "is_over": until is not None and now >= until,
    }
    return render(request, "web/rule.html", context)


def rule_document(_request: HttpRequest, name: str) -> HttpResponse:
    """The document alone, as TOML."""
    found = matching.version(name)
    if found is None:
        raise Http404(name)
    response = HttpResponse(write_document(found.terms), content_type=DOCUMENT_TYPE)
    response["Content-Disposition"] = f'inline; filename="{name}.toml"'
    return response
