"""Where a project's declared related parties appear: as its sponsor, or as paid by it."""

from collections.abc import Iterable
from typing import NamedTuple

from jusha.matching.block_rules import folded
from jusha.matching.models import Pool
from jusha.people.models import Decision
from jusha.projects.expenses import KIND as EXPENSE
from jusha.projects.expenses import outcome_id
from jusha.projects.plan_rules import related_parties
from jusha.settlement.models import Outcome


class Related(NamedTuple):
    """One declared party: `pools` that it sponsors, and what it was paid (`paid` in fen)."""

    name: str
    pools: tuple[str, ...]
    payments: int
    paid: int


def related(code: str, plan: dict[str, object] | None, campaigns: Iterable[int]) -> list[Related]:
    """The parties that a project's plan declares, each with where it appears; [] without any.

    `campaigns` by number, those that admit the project. A payment counts when it stands in the
    log. Reads: matching_pool, jusha_decision, settlement_outcome; nothing where none is declared.
    """
    names = related_parties(plan or {})
    if not names:
        return []
    pools: dict[str, list[str]] = {}
    for pool in Pool.objects.filter(campaign__in=list(campaigns)).order_by("id"):
        pools.setdefault(folded(pool.sponsor), []).append(pool.code)
    paid = _paid(code)
    return [
        Related(
            name,
            tuple(pools.get(folded(name), ())),
            len(sums := paid.get(folded(name), [])),
            sum(sums),
        )
        for name in names
    ]


def _paid(code: str) -> dict[str, list[int]]:
    """Amounts of the project's settled expenses by the folded name of who was paid."""
    asked = Decision.objects.filter(kind=EXPENSE, subject=code, end__verdict="confirmed")
    found = {outcome_id(each.pk): each for each in asked}
    done = Outcome.objects.filter(pk__in=found, code="done").values_list("pk", flat=True)
    sums: dict[str, list[int]] = {}
    for each in done:
        body = found[each].body
        sums.setdefault(folded(body.get("supplier", "")), []).append(int(body["amount"]))
    return sums
