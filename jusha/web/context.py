"""What every page knows: the mode of the installation, the language, the time."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation

from jusha.web.language import html_language


@dataclass(frozen=True, slots=True)
class Site:
    """The installation as pages see it. `language` is a Django code, `html_language` for HTML."""

    mode: str
    platform: str
    designation: str
    language: str
    html_language: str
    now: datetime


def site(_request: HttpRequest) -> dict[str, Site]:
    """Give every template `site`."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    facts = settings.JUSHA_MODE_FACTS
    named = (facts.platform, facts.designation) if facts is not None else ("", "")
    return {
        "site": Site(settings.JUSHA_MODE, *named, language, html_language(language), timezone.now())
    }
