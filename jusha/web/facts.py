"""What a donor sees of a project before the first gift to it (冷静器): facts, once per version.

The facts stand above the amount, on the same screen; pressing pay says that they were seen, and
the version that was shown goes with the form. So nothing is added to the way: no page, no tick.
Who saw this version before, in this browser or with this account, finds it folded. What was raised
and spent moves with every gift and every payment, so those sums are shown and are no part of the
version; new are a report, a filing, who answers, and the first spending.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from jusha.oversight import facts
from jusha.oversight.facts import Facts
from jusha.oversight.models import FactsSeen
from jusha.people.models import UserAccount
from jusha.people.vault import load
from jusha.web import reference
from jusha.web.held import held

COOKIE: Final = "jusha_facts"
KEPT: Final = 40
AGE_SECONDS: Final = 400 * 86_400


@dataclass(frozen=True, slots=True)
class Before:
    """The facts as this visitor meets them."""

    facts: Facts
    is_known: bool
    """They saw this very version before."""


def before(request: HttpRequest, code: str) -> Before | None:
    """The facts of a project for who asks; None for a project that takes no money yet.

    Reads: what is held, and of who is signed in jusha_factsseen.
    """
    found = facts_of(code)
    return None if found is None else Before(found, _seen(request, code) == found.version)


def stale(request: HttpRequest, seen: Before | None) -> bool:
    """Whether a form was filled in above facts that are others by now."""
    shown = request.POST.get("facts", "")
    return seen is not None and bool(shown) and shown != seen.facts.version


def remember(
    request: HttpRequest, response: HttpResponse, code: str, seen: Before | None
) -> HttpResponse:
    """Note that these facts were seen: in the browser, and for an account. Hands it back.

    Writes: jusha_factsseen.
    """
    if seen is None or seen.is_known or request.POST.get("facts") != seen.facts.version:
        return response
    return remember_all(request, response, {code: seen})


def remember_all(
    request: HttpRequest, response: HttpResponse, seen: Mapping[str, Before]
) -> HttpResponse:
    """Note that the facts of several projects were seen. Hands the response back.

    Writes: jusha_factsseen.
    """
    new = {code: each.facts.version for code, each in seen.items() if not each.is_known}
    if not new:
        return response
    if isinstance(request.user, UserAccount):
        for code, version in new.items():
            FactsSeen.objects.update_or_create(
                account=request.user, project=code, defaults={"version": version}
            )
    kept = new | {key: version for key, version in _cookie(request).items() if key not in new}
    response.set_cookie(
        COOKIE,
        signing.dumps(dict(list(kept.items())[:KEPT]), key=_key(), salt=COOKIE),
        max_age=AGE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@held
def facts_of(code: str) -> Facts | None:
    """A project's facts; four questions, at most once a second."""
    project, fund = reference.project(code), reference.fund(code)
    return None if project is None or fund is None else facts.facts_of(project, fund)


def _seen(request: HttpRequest, code: str) -> str:
    """The version that this visitor saw last; "" if none."""
    if (version := _cookie(request).get(code)) is not None:
        return version
    if isinstance(request.user, UserAccount):
        found = FactsSeen.objects.filter(account=request.user, project=code)
        return found.values_list("version", flat=True).first() or ""
    return ""


def _cookie(request: HttpRequest) -> dict[str, str]:
    if COOKIE not in request.COOKIES:
        return {}
    try:
        found = signing.loads(request.COOKIES[COOKIE], key=_key(), salt=COOKIE)
    except signing.BadSignature:
        return {}
    return {str(code): str(version) for code, version in dict(found).items()}


def _key() -> bytes:
    return load(settings.HOME, "browser")
