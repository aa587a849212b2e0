"""Check us: the newest signature, totals, the rules, witnesses, mistakes; and every entry."""

from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.giving import queries as giving
from jusha.matching import queries as matching
from jusha.tlog import queries as tlog
from jusha.web.entries import rows
from jusha.web.rule_words import rule_gist, rule_title
from jusha.web.views.verify import own_verifier, program_digest

NEWEST: Final = 8
PAGE: Final = 50
WITHIN: Final = 5_000
"""How many entries a page of one kind looks back over."""
DIGITS_MAX: Final = 15
SEEDS_SHOWN: Final = 5
SUMS_KEEP_SECONDS: Final = 10
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "gifts": ("don", "accounts"),
    "rules": ("rule", "pool", "notice", "close", "campaign"),
    "chance": ("seed", "draw", "reveal"),
    "matches": ("share", "release", "paid", "seal"),
    "spent": ("spend",),
    "mended": ("refund", "residue", "held", "clawback", "review", "freeze"),
    "who": ("charity", "project", "channel"),
}
"""Kinds of entry that a reader looks for together, by the word in the address."""


def log(request: HttpRequest) -> HttpResponse:
    """Show how to check us; a search by number leads to the entry."""
    wanted = request.GET.get("n", "").strip().replace(",", "").replace("，", "")
    if _number(wanted) is not None:
        return redirect("deed", number=int(wanted))
    newest = tlog.checkpoint()
    context: dict[str, Any] = {
        "rows": rows(tlog.latest(NEWEST)),
        "wanted": wanted,
        "checkpoint": newest,
        "published": newest.size if newest else 0,
        "vkey": tlog.vkey(),
        "verifier_digest": own_verifier().digest,
        "program_digest": program_digest("verify"),
        "example": newest.size - 1 if newest and newest.size else None,
        "origin": settings.JUSHA_LOG_ORIGIN,
        "witnesses": tlog.witness_states(),
        "evidence": tlog.evidence(),
        "refusals": tlog.refused(),
        "rules": [
            (each, rule_title(each.terms), rule_gist(each.terms)) for each in matching.versions()
        ],
        "seeds": matching.seeds(SEEDS_SHOWN),
        "sums": _sums(),
    }
    return render(request, "web/log.html", context)


def entries(request: HttpRequest) -> HttpResponse:
    """Show a page of entries, newest first, of every kind or of a group of kinds."""
    group = request.GET.get("kind", "")
    kinds = GROUPS.get(group, ())
    size, wanted = tlog.size(), _number(request.GET.get("before", ""))
    end = size if wanted is None else min(wanted, size)
    if kinds:
        found, older = tlog.latest_of(kinds, PAGE, end, within=WITHIN)
    else:
        found, older = tlog.latest(PAGE, end), max(end - PAGE, 0)
    newest = tlog.checkpoint()
    context: dict[str, Any] = {
        "rows": rows(found),
        "group": group if kinds else "",
        "from": older,
        "to": end - 1,
        "older": older or None,
        "newer": min(end + PAGE, size) if end < size and not kinds else None,
        "is_newest": end >= size,
        "published": newest.size if newest else 0,
    }
    return render(request, "web/entries.html", context)


def _sums() -> dict[str, Any]:
    """Totals of the whole log and what was put right, as of at most some seconds ago."""
    found: dict[str, Any] | None = cache.get("web:log:sums")
    if found is None:
        found = {"all": campaigns.everything(), "cases": giving.cases(), "at": timezone.now()}
        cache.set("web:log:sums", found, SUMS_KEEP_SECONDS)
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None
