"""What pages show to everybody, asked for at most once a second in each process (held.py).

Codes, names, rules and public sums only. Whoever asks for what belongs to one visitor, or decides
by what is answered, asks the rooms themselves.
"""

from dataclasses import dataclass
from typing import Any, Final

from jusha.campaigns import queries as campaigns
from jusha.campaigns.models import Campaign, Terms
from jusha.charities import queries as charities
from jusha.charities.models import Charity
from jusha.giving import queries as giving
from jusha.giving.models import Deed
from jusha.matching.queries import Published
from jusha.payments.models import Channel
from jusha.projects import queries as projects
from jusha.projects.models import Fund, Project
from jusha.settlement import explain_read
from jusha.tlog import queries as tlog
from jusha.web.cards import Card, card, cards
from jusha.web.held import held

GIFTS_SHOWN = 5


@held
def fair_order(day: str) -> tuple[Project, ...]:
    """Projects that take gifts, in the published order of the day; one query."""
    return tuple(projects.in_fair_order(day))


@held
def first_cards(day: str, count: int) -> tuple[Card, ...]:
    """The day's first projects as cards; two queries."""
    return tuple(cards(fair_order(day)[:count]))


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


@held
def project_now(code: str) -> ProjectNow | None:
    """A project as its page tells it; None if no page was written for the code. Eight queries."""
    found = project(code)
    if found is None:
        return None
    known = projects.fund(code)
    raised = campaigns.raised([known.project]) if known else {}
    return ProjectNow(
        found,
        known,
        card(found, raised, known),
        tuple(campaigns.of_project(code)),
        projects.money_line(known) if known else None,
        tuple(giving.newest(known.project, GIFTS_SHOWN)) if known else (),
    )


@held
def project(code: str) -> Project | None:
    """The project's page with its charity; one query."""
    return projects.find(code)


@held
def fund(code: str) -> Fund | None:
    """What settlement knows of the project; one query."""
    return projects.fund(code)


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
