"""Where every page leads who sees something wrong."""

from typing import Any

from django import template
from django.http import HttpRequest

from jusha.web.complaint_form import report_address as address_of

register = template.Library()


@register.simple_tag(takes_context=True)
def report_address(context: dict[str, Any]) -> str:
    """The address of the report form, with this page's own where that is public."""
    request = context.get("request")
    if not isinstance(request, HttpRequest) or request.resolver_match is None:
        return address_of("", "")
    return address_of(request.resolver_match.url_name or "", request.path)
