"""What pages show to everybody, asked for at most once a second in each process (held.py).

Codes, names, rules and public sums only. Whoever asks for what belongs to one visitor, or decides
by what is answered, asks the rooms themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.utils.timezone import localdate

from jusha.campaigns import queries as campaigns
from jusha.campaigns.models import Campaign, Terms
from jusha.charities import queries as charities
from jusha.charities.models import Certificate, Charity
from jusha.finding import queries as finding
from jusha.giving import queries as giving
from jusha.giving.models import Deed
from jusha.giving.residue_queries import Told as Residue
from jusha.giving.residue_queries import orders_told
from jusha.matching.queries import Published
from jusha.payments.models import Channel
from jusha.projects import disclosure_queries as disclosures
from jusha.projects import expense_queries as expenses
from jusha.projects import hold_queries
from jusha.projects import queries as projects
from jusha.projects.expense_queries import Spent
from jusha.projects.hold_rules import TAKEN_DOWN
from jusha.projects.models import Fund, Project, ProjectHold
from jusha.projects.published import Published as PublicPlan
from jusha.projects.raising import raising_of, standing_in_the_way
from jusha.projects.rules import Hindrance
from jusha.settlement import explain_read
from jusha.tlog import queries as tlog
from jusha.web.cards import Card, card, cards
from jusha.web.held import held
from jusha.web.related import Related, related

GIFTS_SHOWN = 5
EXPENSES_SHOWN = 3
LOOKED_AT = 4
"""So many times as many projects are looked at as are shown: some may have just stopped."""
CHARITIES_AMONG: Final = 600
"""Among so many first projects charities are looked for, so that one page asks for few rows."""


def first_projects(day: str, count: int) -> list[Project]:
    """The first projects that take gifts in the published order of the day; three queries.

    Read off the order that the sweep made; where it made none yet, worked out here.
    """
    today = localdate()
    if placed := finding.first_places(date.fromisoformat(day), count * LOOKED_AT):
        codes = [code for code, _ in placed]
        now = raising_of(codes, today)
        return finding.shown_projects([code for code in codes if code in now][:count])
    return list(projects.in_fair_order(day, open_on=today)[:count])


def projects_of_all(day: str, count: int) -> list[Project]:
    """As `first_projects`, but of as many charities as there are places; three queries."""
    today = localdate()
    if placed := finding.first_places(date.fromisoformat(day), CHARITIES_AMONG):
        looked = one_of_each(placed, count * LOOKED_AT)
        now = raising_of([code for code, _ in looked], today)
        chosen = one_of_each([each for each in looked if each[0] in now], count)
        return finding.shown_projects([code for code, _ in chosen])
    found = list(projects.in_fair_order(day, open_on=today)[:CHARITIES_AMONG])
    chosen = one_of_each([(each.code, each.charity.code) for each in found], count)
    return [each for each in found if (each.code, each.charity.code) in chosen]


def one_of_each(placed: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """The first project of each charity, in their order; where these are too few, the next ones.

    A project stands with its charity. What is chosen keeps its order.
    """
    first_of: dict[str, tuple[str, str]] = {}
    for each in placed:
        first_of.setdefault(each[1], each)
    chosen = [*first_of.values()][:count]
    chosen += [each for each in placed if each not in chosen][: count - len(chosen)]
    return sorted(chosen, key=placed.index)


@held
def first_cards(day: str, count: int) -> tuple[Card, ...]:
    """The day's first projects as cards, one of each charity first; five queries."""
    return tuple(cards(projects_of_all(day, count)))


@held
def all_campaigns() -> tuple[campaigns.Running, ...]:
    """Every campaign, newest first; two queries."""
    return tuple(campaigns.all_campaigns())


@held
def checkpoint() -> tlog.PublishedCheckpoint | None:
    """The newest published checkpoint; None before the first."""
    return tlog.checkpoint()


@held
def latest(count: int) -> tuple[dict[str, Any], ...]:
    """The newest entries of the log, newest first; two queries."""
    return tuple(tlog.latest(count))


@dataclass(frozen=True, slots=True)
class ProjectNow:
    """A project with all that its page tells of it, as of one moment."""

    project: Project
    fund: Fund | None
    card: Card
    campaigns: tuple[campaigns.Running, ...]
    line: projects.MoneyLine | None
    newest: tuple[Deed, ...]
    certificate: Certificate | None
    hindrances: tuple[Hindrance, ...]
    spent: tuple[Spent, ...]
    public: PublicPlan
    residue: tuple[Residue, ...]
    related: tuple[Related, ...]


@held
def project_now(code: str) -> ProjectNow | None:
    """A project as its page tells it; None without a page. Thirteen queries."""
    found = project(code)
    if found is None:
        return None
    known, today = projects.fund(code), localdate()
    raised = campaigns.raised([known.project]) if known else {}
    return ProjectNow(
        found,
        known,
        card(found, raised, known),
        running := tuple(campaigns.of_project(code, rehearsals=True)),
        projects.money_line(known) if known else None,
        tuple(giving.newest(known.project, GIFTS_SHOWN)) if known else (),
        certificate := charities.certificate(found.charity.code, today),
        tuple(standing_in_the_way(found, known, today, paper=certificate)),
        tuple(expenses.listed(known.project, count=EXPENSES_SHOWN)) if known else (),
        public := projects.published(code, today),
        tuple(orders_told(project=known.project)) if known else (),
        tuple(
            related(code, public.plan, (each.id for each in running if not each.page.is_rehearsal))
        ),
    )


@held
def deadlines(code: str, today: date) -> tuple[disclosures.Item, ...]:
    """What the project has to publish, by day; one query."""
    return tuple(disclosures.items(today, project=code))


@held
def project(code: str) -> Project | None:
    """The project's page with its charity; one query."""
    return projects.find(code)


@held
def hold(code: str) -> ProjectHold | None:
    """The hold that stands on the project; one query."""
    return hold_queries.current(code)


def is_down(code: str) -> bool:
    """Whether the project is taken down: words and pictures of it are shown nowhere."""
    found = hold(code)
    return found is not None and found.cause == TAKEN_DOWN


@held
def fund(code: str) -> Fund | None:
    """What settlement knows of the project; one query."""
    return projects.fund(code)


@held
def line(code: str) -> projects.MoneyLine | None:
    """The project's money line, without what was sent back; one query beside its fund."""
    found = fund(code)
    return projects.money_line(found) if found else None


@held
def campaign(code: str) -> Campaign | None:
    """The campaign's page; one query."""
    return campaigns.named([code]).get(code)


@held
def charity(code: str) -> Charity | None:
    """The charity's page; one query."""
    return charities.find(code)


@held
def campaign_terms(number: int) -> Terms:
    """A campaign's terms by its id; one query."""
    return explain_read.campaign_terms(number)


@held
def channel_terms(number: int) -> Channel:
    """A channel's terms by its id; one query."""
    return explain_read.channel_terms(number)


@held
def rule_versions(campaign_id: int) -> tuple[Published, ...]:
    """A campaign's rule versions, of all campaigns for 0; two queries."""
    return tuple(explain_read.rule_versions(campaign_id))


HELD: Final = explain_read.Reading(campaign_terms, channel_terms, rule_versions)
"""What an explanation on a page reads."""
