"""Projects as cards: what each needs, how far it is."""

from collections.abc import Iterable
from typing import NamedTuple

from jusha.campaigns import queries as campaigns
from jusha.projects import queries as projects
from jusha.projects.models import Fund, Project
from jusha.web.outcome import Progress, progress


class Card(NamedTuple):
    """A project with how far it is; `gifts` counts gifts, not people."""

    project: Project
    progress: Progress
    gifts: int


def cards(found: Iterable[Project]) -> list[Card]:
    """Put numbers to projects, in their order, in two queries."""
    shown = list(found)
    funds = projects.funds(project.code for project in shown)
    raised = campaigns.raised(fund.project for fund in funds.values())
    return [card(project, raised, funds.get(project.code)) for project in shown]


def card(project: Project, raised: dict[int, campaigns.Raised], fund: Fund | None) -> Card:
    """Put one project's numbers to it; a project without a fund has none yet."""
    sums = raised.get(fund.project, campaigns.Raised()) if fund else campaigns.Raised()
    return Card(
        project,
        progress(
            given=sums.given,
            matched=sums.matched,
            target=project.target_amount,
            unit=project.unit_amount,
        ),
        sums.gifts,
    )
