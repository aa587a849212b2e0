"""What projects and charities published, version beside version, and what is due."""

from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import get_language

from jusha.charities import queries as charities
from jusha.projects import disclosure_queries as disclosures
from jusha.projects import queries as projects
from jusha.projects.disclosure_models import DisclosurePaper
from jusha.web import reference
from jusha.web.desk.disclosures import File, shown_files
from jusha.web.disclosure_words import KINDS, address, chip
from jusha.web.statement_words import Row, rows

LISTED_MAX = 100
POST = "post"
"""What the law does not ask for; of a project that is taken down it is shown no more."""


class Version(NamedTuple):
    """One version as its page shows it."""

    paper: DisclosurePaper
    words: str
    is_english: bool
    files: list[File]
    statement: list[Row]
    after: int
    upto: int


def of_project(request: HttpRequest, code: str) -> HttpResponse:
    """List what a project has to publish, and published."""
    found = projects.find(code)
    if found is None:
        raise Http404(code)
    due = disclosures.items(localdate(), project=code)
    papers = disclosures.published(project=code, most=LISTED_MAX)
    if reference.is_down(code):
        papers = [each for each in papers if each.kind != POST]
    return _list(request, due, papers, project=found, charity=found.charity)


def of_charity(request: HttpRequest, code: str) -> HttpResponse:
    """List what a charity itself has to publish, and published."""
    found = charities.find(code)
    if found is None:
        raise Http404(code)
    due = disclosures.items(localdate(), charities=[code], project="")
    papers = disclosures.published(charity=code, most=LISTED_MAX)
    return _list(request, due, papers, project=None, charity=found)


def paper(request: HttpRequest, code: str, kind: str, place: str) -> HttpResponse:
    """Show a project's paper with all its versions, the newest first."""
    found = projects.find(code)
    if found is None or (kind == POST and reference.is_down(code)):
        raise Http404(code)
    key = f"p/{code}/{kind}/{place}"
    back = reverse("disclosures", args=(code,))
    return _paper(request, key, back=back, project=found, charity=found.charity)


def yearly(request: HttpRequest, code: str, place: str) -> HttpResponse:
    """Show a charity's yearly report with all its versions."""
    found = charities.find(code)
    if found is None:
        raise Http404(code)
    back = reverse("charity-disclosures", args=(code,))
    return _paper(request, f"c/{code}/annual/{place}", back=back, project=None, charity=found)


def _list(
    request: HttpRequest,
    due: list[disclosures.Item],
    papers: list[DisclosurePaper],
    **about: Any,
) -> HttpResponse:
    listed = []
    for each in papers:
        pictures = [file for file in _files(each, 1) if file.is_picture]
        listed.append((each, KINDS[each.kind], address(each), next(iter(pictures), None)))
    context = about | {"chips": [chip(each) for each in due], "papers": listed}
    return render(request, "web/disclosures.html", context)


def _paper(request: HttpRequest, key: str, *, back: str, **about: Any) -> HttpResponse:
    found = disclosures.papers(key)
    if not found:
        raise Http404(key)
    item = disclosures.find(key, localdate())
    context = about | {
        "newest": found[0],
        "kind": KINDS[found[0].kind],
        "due": chip(item) if item else None,
        "back": back,
        "versions": [_version(each) for each in found],
    }
    return render(request, "web/disclosure.html", context)


def _version(found: DisclosurePaper) -> Version:
    is_english = get_language() == "en" and bool(found.words_en)
    span = (found.figures or {}).get("statement", {})
    return Version(
        found,
        found.words_en if is_english else found.words,
        is_english,
        _files(found, len(found.files)),
        rows(found.figures),
        span.get("after", 0),
        span.get("upto", 0),
    )


def _files(found: DisclosurePaper, most: int) -> list[File]:
    """The first files of a paper; none of a project that is taken down."""
    if found.project and reference.is_down(found.project):
        return []
    return shown_files(found.files[:most], found.charity)
