"""The big screen of a campaign: a page for a hall, kept current by one stream from the door."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from jusha.campaigns import queries as campaigns
from jusha.web import live_files, shed
from jusha.web.headers import policy
from jusha.web.live import standing
from jusha.web.shed_rules import Level


@require_safe
def screen(request: HttpRequest, code: str) -> HttpResponse:
    """Show the screen as it was told last; it goes on by itself."""
    found = campaigns.find(code)
    if found is None:
        raise Http404(code)
    language = get_language() or settings.LANGUAGE_CODE
    total, scene = live_files.total_name(code), live_files.screen_name(code)
    origin = stream_origin(request)
    total_html = live_files.read_fragment(total, language)
    context = {
        "campaign": found,
        "total": total,
        "scene": scene,
        "total_html": total_html,
        "scene_html": live_files.read_fragment(scene, language),
        "standing": None if total_html else standing(found.id, code),
        "let_go": shed.level() >= Level.CURVE,
        "home": f"{request.get_host()}{reverse('campaign', args=(code,))}",
        "stream": f"{origin}/door/v1/live/{code}/{language}",
    }
    response = render(request, "web/screen.html", context)
    response["Content-Security-Policy"] = f"{policy(request)}; connect-src 'self' {origin}"
    return response


def stream_origin(request: HttpRequest) -> str:
    """Where this browser reaches the door; a host that is not ours gets no address of it."""
    if settings.JUSHA_STREAM:
        return str(settings.JUSHA_STREAM)
    try:
        host = urlsplit(f"//{request.get_host()}").hostname or ""
    except (DisallowedHost, ValueError):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{request.scheme}://{shown}:{settings.JUSHA_DOOR_PORT}"
