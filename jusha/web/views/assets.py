"""Styles, script and mark."""

from django.http import Http404, HttpRequest, HttpResponse

from jusha.web.assets import asset


def serve_asset(_request: HttpRequest, digest: str, name: str) -> HttpResponse:
    """Serve an asset; only the address with its own digest may be kept for ever."""
    found = asset(name)
    if found is None:
        raise Http404(name)
    response = HttpResponse(found.body, content_type=found.content_type)
    fresh = digest == found.digest
    response["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-cache"
    return response
