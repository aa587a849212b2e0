"""Numbers that live, as files; the server hands them out before Django in config/wsgi.py."""

from django.http import Http404, HttpRequest, HttpResponse

from jusha.web.live_serve import FILES


def live_file(request: HttpRequest, name: str) -> HttpResponse:
    """The same answer as the server's short way, for whoever runs Django alone."""
    found = FILES.find(f"/live/{name}")
    if found is None:
        raise Http404(name)
    fresh = request.headers.get("If-None-Match") == found.etag
    response = HttpResponse(b"" if fresh else found.body, status=304 if fresh else 200)
    for header, value in found.headers(fresh=fresh):
        response[header] = value
    return response
