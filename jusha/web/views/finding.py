"""Finding: a search, and the lists of projects and charities; everything stands in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from jusha.charities.models import Charity
from jusha.finding import queries
from jusha.finding.queries import COUNTED_MAX, Facets, Wanted
from jusha.finding.rules import (
    CHARITY,
    PROJECT,
    STATES,
    Asked,
    Part,
    asked,
    code,
    cursor,
    marked,
    snippet,
)
from jusha.projects.models import Project
from jusha.web import reference
from jusha.web.cards import Card, cards
from jusha.web.outcome import Progress
from jusha.web.region_words import region_name
from jusha.web.theme_words import theme_name
from jusha.web.tier_words import kind_name
from jusha.web.titles import told

KEEP_SECONDS: Final = 60
"""How long the values of filters, which are counted over the whole index, are kept."""
VALUE_MAX: Final = 40
OPTIONS_MAX: Final = 40
KINDS: Final = {"project": PROJECT, "charity": CHARITY}


class Hit(NamedTuple):
    """One thing that was found, its texts cut where they are marked."""

    thing: Project | Charity
    title: Sequence[Part]
    about: Sequence[Part]
    text: Sequence[Part]
    takes: bool
    progress: Progress | None = None
    theme: str = ""


class Option(NamedTuple):
    """One value of a filter: what stands in the address, what is read, how many there are."""

    value: str
    name: str
    many: int


@dataclass(frozen=True, slots=True)
class Address:
    """What stands in the address, read; "" is not asked for."""

    wanted: Wanted
    kind: str
    after: str

    def query(self, **changed: str) -> str:
        """The same search with some of it changed, as a query string."""
        wanted = self.wanted
        parts = {
            "q": wanted.asked.text,
            "kind": self.kind if self.kind != "project" else "",
            "theme": wanted.theme,
            "region": wanted.region,
            "charity": wanted.charity,
            "state": wanted.state,
            "order": "fair" if wanted.fair and wanted.asked else "",
        } | changed
        return "?" + urlencode({name: value for name, value in parts.items() if value})


def search(request: HttpRequest) -> HttpResponse:
    """Show what a search finds among projects or charities; without one, the way to lists."""
    address = _read(request, request.GET.get("kind", ""))
    other = "charity" if address.kind == "project" else "project"
    is_search = bool(address.wanted.asked) or bool(address.wanted.filters)
    context = _found(address) if is_search else {"hits": None}
    if address.wanted.asked and not address.after:
        beyond = Wanted(kind=KINDS[other], asked=address.wanted.asked, today=address.wanted.today)
        found = queries.count(beyond)
        context |= {"others": found, "other_address": _other(address, other)}
    context |= {"heading": _("找项目和机构"), "list": ""}
    return _answer(request, address, context)


def projects(request: HttpRequest) -> HttpResponse:
    """List all projects in the order of the day."""
    address = _read(request, "project")
    return _answer(
        request, address, _found(address) | {"heading": _("全部项目"), "list": "projects"}
    )


def charities(request: HttpRequest) -> HttpResponse:
    """List all charities in the order of the day."""
    address = _read(request, "charity")
    heading = _("全部慈善组织")
    return _answer(request, address, _found(address) | {"heading": heading, "list": "charities"})


def _answer(request: HttpRequest, address: Address, context: dict[str, Any]) -> HttpResponse:
    facets = _facets()
    wanted = address.wanted
    named = reference.charity(wanted.charity) if wanted.charity else None
    return render(
        request,
        "web/find.html",
        {
            "address": address,
            "wanted": wanted,
            "facets": facets,
            "themes": _options(facets.themes, theme_name)
            if address.kind == "project"
            else _options(facets.forms, kind_name),
            "regions": _options(facets.regions, region_name),
            "charity": named,
            "is_project": address.kind == "project",
            "action": reverse(context["list"] or "find"),
            "most": COUNTED_MAX,
        }
        | context,
    )


def _read(request: HttpRequest, kind: str) -> Address:
    """Read an address, whatever somebody wrote into it; what cannot be is as if not there."""
    given = request.GET
    kind = kind if kind in KINDS else "project"
    is_project = kind == "project"
    state = given.get("state", "")
    text = asked(given.get("q", "")[: VALUE_MAX * 10])
    return Address(
        Wanted(
            kind=KINDS[kind],
            asked=text,
            today=localdate(),
            theme=_value(given.get("theme", "")),
            region=_value(given.get("region", "")),
            charity=code(given.get("charity", "")) if is_project else "",
            state=state if state in STATES and (is_project or state == "open") else "",
            fair=not text or given.get("order", "") == "fair",
        ),
        kind,
        given.get("after", ""),
    )


def _value(text: str) -> str:
    """A filter's value: short and printable, or none."""
    return text if len(text) <= VALUE_MAX and text.isprintable() else ""


def _found(address: Address) -> dict[str, Any]:
    """The hits of a page with their number, and where the next page begins."""
    wanted = address.wanted
    page = queries.page(wanted, behind=cursor(address.after))
    codes = [row.code for row in page.rows]
    takes = {row.code: row.takes for row in page.rows}
    terms = wanted.asked
    hits = (
        [
            _project_hit(each, takes[each.project.code], terms)
            for each in cards(queries.shown_projects(codes))
        ]
        if wanted.kind == PROJECT
        else [
            _charity_hit(each, takes[each.code], terms) for each in queries.shown_charities(codes)
        ]
    )
    return {
        "hits": hits,
        "day": page.day,
        "count": _count(wanted),
        "next": address.query(after=str(page.more)) if page.more else "",
        "first": address.query() if address.after else "",
        "is_ranked": bool(wanted.asked) and not wanted.fair,
    }


def _count(wanted: Wanted) -> int:
    """How many there are; of everything, as of the last time that was counted."""
    if wanted.asked or wanted.filters:
        return queries.count(wanted)
    facets = _facets()
    return facets.projects if wanted.kind == PROJECT else facets.charities


def _project_hit(card: Card, takes: bool, terms: Asked) -> Hit:  # noqa: FBT001 - of the row
    project = card.project
    about = f"{told(project.charity, 'name')} · {told(project, 'place')}"
    summary = told(project, "summary")
    text = marked(summary, terms.terms)
    if terms and not any(part.hit for part in text):
        text = snippet(told(project, "story"), terms.terms) or text
    theme = theme_name(project.theme)
    return Hit(
        project, marked(told(project, "title"), terms.terms), marked(about, terms.terms), text,
        takes, card.progress, theme,
    )  # fmt: skip


def _charity_hit(charity: Charity, takes: bool, terms: Asked) -> Hit:  # noqa: FBT001 - as above
    name, address = told(charity, "name"), told(charity, "address")
    return Hit(
        charity, marked(name, terms.terms), marked(charity.uscc, terms.terms),
        marked(address, terms.terms), takes,
    )  # fmt: skip


def _facets() -> Facets:
    found: Facets | None = cache.get("web:find:facets")
    if found is None:
        found = queries.facets()
        cache.set("web:find:facets", found, KEEP_SECONDS)
    return found


def _options(values: Sequence[tuple[str, int]], name: Any) -> list[Option]:
    return [Option(value, name(value), count) for value, count in values[:OPTIONS_MAX]]


def _other(address: Address, kind: str) -> str:
    """The address of the same search among the others."""
    return "?" + urlencode({"q": address.wanted.asked.text, "kind": kind})
