"""What a donor is shown of a project before the first gift to it (冷静器), and its version.

New are a report, a filing, who answers, and the first spending. What was raised and spent moves
with every gift and every payment, so those sums are shown and are no part of the version.
"""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Final

from django.utils.timezone import localdate

from jusha.campaigns import queries as campaigns
from jusha.projects.disclosure_queries import published
from jusha.projects.models import Fund, Project

VERSION_LETTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Facts:
    """A project in a few lines, as of now; sums in fen."""

    since: date
    raised: int
    spent: int
    progress_on: date | None
    """The newest progress report or post; None: none yet."""
    finance_on: date | None
    """The newest report with a finance part; None: none yet."""
    version: str


def facts_of(project: Project, fund: Fund) -> Facts:
    """A project's facts; two questions. Reads: campaigns_total, jusha_disclosurepaper."""
    raised = campaigns.raised([fund.project]).get(fund.project, campaigns.Raised())
    papers = published(project=project.code)
    told = [localdate(each.at) for each in papers]
    money = [localdate(each.at) for each in papers if each.figures]
    newest = max(told, default=None), max(money, default=None)
    spent = fund.programme_spent + fund.running_spent
    version = _version(project, fund, *newest)
    return Facts(project.starts_on, raised.given + raised.matched, spent, *newest, version)


def _version(project: Project, fund: Fund, *newest: date | None) -> str:
    """A name for what a donor would want to look at again."""
    has_spent = bool(fund.programme_spent or fund.running_spent)
    told = (
        project.charity.code, project.charity.certificate_no, project.filing_no, project.starts_on,
        project.ends_on, project.target_amount, project.running_permille, has_spent, *newest,
    )  # fmt: skip
    return sha256(repr(tuple(map(str, told))).encode()).hexdigest()[:VERSION_LETTERS]
