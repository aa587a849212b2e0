"""What home says of the receipts that visitors' browsers checked."""

from typing import Any, Final

from django import template
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from jusha.money.clock import local_day
from jusha.tlog import rechecks
from jusha.web.live_files import fragment_name

register = template.Library()
KEEP_SECONDS: Final = 5


@register.simple_tag
def live_address(name: str, code: str = "") -> str:
    """The file of live numbers in the reader's language: "today", or "c/" and a campaign's code."""
    language = get_language() or settings.LANGUAGE_CODE
    return reverse("live", args=(fragment_name(f"{name}{code}", language),))


@register.inclusion_tag("web/parts/audited.html")
def audited() -> dict[str, Any]:
    """Today's reports, as of at most KEEP_SECONDS ago; at most one query."""
    return {"told": reported()}


def reported() -> rechecks.Day:
    """What browsers reported today in Shanghai."""
    found: rechecks.Day | None = cache.get("web:rechecks")
    if found is None:
        day = local_day(int(timezone.now().timestamp()))
        found = rechecks.of_day(rechecks.date_of(day))
        cache.set("web:rechecks", found, KEEP_SECONDS)
    return found
