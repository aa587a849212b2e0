"""A project's code for posters, and where it leads."""

import io
from urllib.parse import urlencode

import segno
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from jusha.projects import queries as projects
from jusha.web.poster import Poster, read, sign

SCALE = 8


def poster_code(request: HttpRequest, code: str) -> HttpResponse:
    """The code as an SVG file to print, with `campaign` if the poster is for one."""
    if projects.find(code) is None:
        raise Http404(code)
    try:
        text = sign(settings.HOME, _checked(code, request.GET.get("campaign", "")))
    except ValueError as error:
        raise Http404(code) from error
    address = request.build_absolute_uri(reverse("scanned", args=(text,)))
    drawn = io.BytesIO()
    segno.make(address, error="q", micro=False).save(drawn, kind="svg", scale=SCALE)
    response = HttpResponse(drawn.getvalue(), content_type="image/svg+xml")
    response["Content-Disposition"] = f'attachment; filename="{code}.svg"'
    return response


def _checked(project: str, campaign: str) -> Poster:
    poster = Poster(project, campaign)
    if campaign and read(settings.HOME, sign(settings.HOME, poster)) is None:
        raise ValueError(campaign)
    return poster


def scanned(request: HttpRequest, text: str) -> HttpResponse:
    """Lead to the donate page of a code of ours; say so where it is not, and lead nowhere."""
    poster = read(settings.HOME, text)
    if poster is None or projects.find(poster.project) is None:
        return render(request, "web/not_our_code.html", {}, status=404)
    query = f"?{urlencode({'campaign': poster.campaign})}" if poster.campaign else ""
    return HttpResponseRedirect(reverse("donate", args=(poster.project,)) + query)
