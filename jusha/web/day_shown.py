"""What a campaign's page tells of the giving day around it: venues, years, charities, promises."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.utils.timezone import localdate

from jusha.campaigns import day_queries as days
from jusha.campaigns import queries as campaigns
from jusha.campaigns.day_models import DayReport
from jusha.campaigns.day_rules import Phase, phase


@dataclass(frozen=True, slots=True)
class Day:
    """A campaign's surroundings. `of` is the giving day of a venue; `together` its whole sum."""

    of: campaigns.Running | None
    venues: list[tuple[campaigns.Running, campaigns.Raised, Phase]]
    together: campaigns.Raised
    charities: list[str]
    lineage: list[days.Kin]
    overdue: list[days.PromiseState]
    report: DayReport | None


def day_of(found: campaigns.Running, pools: Collection[str], at: datetime) -> Day:
    """Read it: seven questions at most, for any number of venues."""
    page = found.page
    venues = [] if page.parent else campaigns.family(page.code)
    sums = campaigns.raised_in_all([found.id, *(each.id for each in venues)]) if venues else {}
    whole = {code: sum(own.values(), campaigns.Raised()) for code, own in sums.items()}
    signed = days.promises(pools, today=localdate(at)) if pools else {}
    codes = [page.code, *(each.page.code for each in venues)]
    return Day(
        campaigns.find(page.parent) if page.parent else None,
        [(each, whole[each.id], phase(each.opens, each.closes, at)) for each in venues],
        sum(whole.values(), campaigns.Raised()),
        sorted(days.participants(codes)),
        [] if page.parent else days.lineage(page),
        [each for each in signed.values() if each.is_default],
        days.newest_report(page.code) if at >= found.closes else None,
    )
