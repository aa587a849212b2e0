"""The living page of components: each as pages use it, with this installation's own data."""

import re
from collections import Counter
from datetime import date
from functools import cache
from typing import Any, Final, NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.tlog import queries as tlog
from jusha.web.assets import FOLDER
from jusha.web.cards import cards
from jusha.web.contrast import contrast
from jusha.web.derivation import brief
from jusha.web.disclosure_words import STATES, Chip
from jusha.web.entries import rows
from jusha.web.forms import DonateForm
from jusha.web.live import shanghai_day, standing, today
from jusha.web.proof import Standing, standing_of
from jusha.web.qr import qr_data_uri
from jusha.web.timeline import timeline
from jusha.web.titles import told
from jusha.web.views.deed import gift_parts
from jusha.web.views.finding import Option

TOKEN: Final = re.compile(r"--([a-z0-9-]+): (#[0-9A-F]{6});")
PAIRS: Final = (
    ("ink", "paper"), ("ink-2", "paper"), ("ink-3", "paper"), ("ink", "card"), ("ink-3", "card"),
    ("ink-3", "sand-1"), ("on-cinnabar", "cinnabar"), ("cinnabar-text", "paper"),
    ("jade-text", "paper"), ("jade-text", "jade-ground"), ("on-jade", "jade"),
    ("amber-text", "amber-ground"), ("grain-1", "paper"), ("grain-new", "paper"),
    ("edge", "card"), ("edge", "paper"),
)  # fmt: skip
"""What meets on pages, in front and behind."""
SHOWN: Final = 3
LOOKED_AT: Final = 200


class Token(NamedTuple):
    """A colour of both schemes."""

    name: str
    light: str
    dark: str


class Pair(NamedTuple):
    """What meets, with its contrast in both schemes."""

    front: str
    ground: str
    light: str
    dark: str


@cache
def schemes() -> tuple[dict[str, str], dict[str, str]]:
    """The colours of the light and of the dark scheme, by token, as tokens.css has them."""
    light, dark = (FOLDER / "tokens.css").read_text("utf-8").split("@media")
    return dict(TOKEN.findall(light)), dict(TOKEN.findall(dark))


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show every component with real data; what this installation does not have is left out."""
    now = timezone.now()
    shown = list(projects.in_fair_order(shanghai_day(now))[:SHOWN])
    running = [each for each in campaigns.all_campaigns() if each.is_open(now)]
    newest = tlog.latest(LOOKED_AT)
    checkpoint = tlog.checkpoint()
    light, dark = schemes()
    context: dict[str, Any] = {
        "tokens": [Token(name, light[name], dark[name]) for name in light],
        "pairs": [
            Pair(f, g, contrast(light[f], light[g]), contrast(dark[f], dark[g])) for f, g in PAIRS
        ],
        "today": today(),
        "cards": cards(shown),
        "rows": rows(newest[:SHOWN]),
        "published": checkpoint.size if checkpoint else 0,
        "deadlines": _deadlines(timezone.localdate(now)),
        "charities": [
            Option(code, name, many)
            for (code, name), many in Counter(
                (each.charity.code, told(each.charity, "name")) for each in shown
            ).items()
        ],
        "wrong": _wrong(),
        "now": now,
    }
    if shown:
        first = shown[0]
        fund = projects.fund(first.code)
        context |= {
            "project": first,
            "card": context["cards"][0],
            "line": projects.money_line(fund) if fund else None,
            "steps": timeline(first, fund, today=timezone.localdate(now)),
            "form": DonateForm(unit_fen=first.unit_amount),
        }
    if running:
        context |= {"campaign": running[0], "standing": standing(running[0].id)}
    return render(request, "web/styleguide.html", context | _gift(request, newest))


def _gift(request: HttpRequest, entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The newest gift, a matched one rather: reasons, money line, both seals, its receipt."""
    gifts = [each for each in entries if each["k"] == "don"]
    matched = [each for each in gifts if any(match["amt"] for match in each.get("m", ()))]
    entry = next(iter(matched or gifts), None)
    raw = tlog.entry_bytes(entry["n"]) if entry else None
    if entry is None or raw is None:
        return {}
    number = entry["n"]
    parts = gift_parts(request, entry)
    matches = [brief(match) for match in entry.get("m", ())]
    return {
        "told": parts.get("told", [])[:1],
        "bands": parts.get("bands"),
        "entry": entry,
        "amount": entry["amt"],
        "matches": matches,
        "matched": sum(match.amount for match in matches),
        "proof": standing_of(number, raw),
        "pending": Standing(number, published=False, size=0, at=None, leaf="", path=()),
        "address": request.build_absolute_uri(f"/d/{number}"),
        "qr": qr_data_uri(request.build_absolute_uri(f"/d/{number}")),
    }


def _deadlines(today: date) -> list[Chip]:
    """A chip of each state, as it would read today: what is due differs from place to place."""
    given = {"day": f"{today:%Y-%m-%d}"}
    return [Chip(state, "", str(words) % given, "") for state, words in STATES.items()]


def _wrong() -> DonateForm:
    """The form as it answers somebody who wrote no amount."""
    form = DonateForm({"own": "二十"}, unit_fen=1)
    form.is_valid()
    return form
