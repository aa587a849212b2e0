"""Rankings in words: names of what is ranked and of the lists, and where each line leads."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jusha.campaigns.live.rank_rules import (
    COMPANY_PERSONS,
    Kind,
    Order,
    Sum,
    may_be_listed,
    orders_of,
)
from jusha.charities import queries as charities
from jusha.projects import queries as projects
from jusha.teams import company_queries as companies
from jusha.teams import queries as teams
from jusha.web.language import in_words
from jusha.web.region_words import region_name
from jusha.web.titles import told

SLUGS: Final = {kind: kind.name.lower() for kind in Kind}
KINDS: Final[dict[str, Kind]] = {slug: kind for kind, slug in SLUGS.items()}
KIND_WORDS: Final[dict[Kind, Promise]] = {
    Kind.PROJECT: _("项目"),
    Kind.CHARITY: _("机构"),
    Kind.TEAM: _("小队"),
    Kind.COMPANY: _("企业"),
    Kind.PROVINCE: _("省份"),
}
ORDER_WORDS: Final[dict[Order, Promise]] = {
    "amount": _("按金额"),
    "gifts": _("按笔数"),
    "persons": _("按人数"),
    "heads": _("按每万人"),
}


class Choice(NamedTuple):
    """One list that may be opened."""

    slug: str
    words: Promise
    is_open: bool


def list_name(kind: Kind, order: Order) -> str:
    """How files and addresses call a list: project-amount."""
    return f"{SLUGS[kind]}-{order}"


def kind_choices(open_: Kind) -> list[Choice]:
    """What may be ranked."""
    return [Choice(SLUGS[kind], words, kind is open_) for kind, words in KIND_WORDS.items()]


def order_choices(kind: Kind, open_: Order) -> list[Choice]:
    """By what a kind may be ranked."""
    return [Choice(order, ORDER_WORDS[order], order == open_) for order in orders_of(kind)]


def order_called(kind: Kind, name: str) -> Order:
    """An order by its name, if the kind is ranked by it; else by amount."""
    return next((each for each in orders_of(kind) if each == name), "amount")


class Named(NamedTuple):
    """A line's name and where it leads; "" where there is no page."""

    name: str
    address: str


def names(kind: Kind, codes: Iterable[str]) -> dict[str, Named]:
    """Names in the reader's language, at most one query. What has no page keeps its code."""
    found = {code: Named(code, "") for code in codes}
    if kind is Kind.PROJECT:
        for code, project in projects.named(found).items():
            found[code] = Named(told(project, "title"), reverse("project", args=(code,)))
    elif kind is Kind.CHARITY:
        for code, charity in charities.named(found).items():
            found[code] = Named(told(charity, "name"), reverse("charity", args=(code,)))
    elif kind is Kind.TEAM:
        for code, team in teams.named(found).items():
            found[code] = Named(team.title, reverse("team", args=(code,)))
    elif kind is Kind.COMPANY:
        for code, company in companies.named(found).items():
            name = in_words(company.name_zh, company.name_en or company.name_zh)
            found[code] = Named(name, reverse("company", args=(code,)))
    elif kind is Kind.PROVINCE:
        found = {code: Named(region_name(code), "") for code in found}
    return found


def listed(kind: Kind, sums: list[Sum]) -> list[Sum]:
    """Which sums stand on a public list: no team that is down, and none of a company's few.

    At most one query.
    """
    shown = [one for one in sums if may_be_listed(kind, one)]
    if kind is not Kind.TEAM or not shown:
        return shown
    known = teams.named(one.code for one in shown)
    return [
        one
        for one in shown
        if (team := known.get(one.code)) is not None
        and team.state != "down"
        and (not (team.company or team.kind == "company") or one.persons >= COMPANY_PERSONS)
    ]
