"""What every page knows: the mode of the installation and the language."""

from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.utils import translation

from jusha.web.language import html_language


@dataclass(frozen=True, slots=True)
class Site:
    """The installation as pages see it. `language` is a Django code, `html_language` for HTML."""

    mode: str
    platform: str
    designation: str
    language: str
    html_language: str


def site(_request: HttpRequest) -> dict[str, Site]:
    """Give every template `site`."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    facts = settings.JUSHA_MODE_FACTS
    named = (facts.platform, facts.designation) if facts is not None else ("", "")
    return {"site": _site(settings.JUSHA_MODE, *named, language)}


@lru_cache(maxsize=32)
def _site(mode: str, platform: str, designation: str, language: str) -> Site:
    """The same object for the same site: what is drawn for it is found by it."""
    return Site(mode, platform, designation, language, html_language(language))
