"""By what a visitor came: a team, a company, a scene; carried from page to page in the address."""

from urllib.parse import urlencode

from django.http import HttpRequest

from jusha.payments.attribution import Attribution, cleaned


def came_by(request: HttpRequest) -> Attribution:
    """What the form's hidden fields say, or the link's own query. No cookie is set for it."""
    asked, linked = request.POST, request.GET
    return cleaned(*(asked.get(each) or linked.get(each, "") for each in Attribution._fields))


def carried(request: HttpRequest, campaign: str = "") -> str:
    """The query of a link that leads on: the campaign, and what the visitor came by; or ""."""
    told = {"campaign": campaign} | came_by(request)._asdict()
    query = urlencode({key: value for key, value in told.items() if value})
    return f"?{query}" if query else ""
