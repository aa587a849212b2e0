"""The rule of the workload in its slowest and plainest form.

1:1 in order of arrival, cut by what the person may still have matched today, by what is left of
the day's budget and by what is left of the pool. Whatever settles the workload, fast or slow, must
end with these numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from benchmarks.workload import Gift, Workload, day_of

Bound: TypeAlias = Literal["amount", "person", "project", "window", "pool"]


@dataclass(slots=True)
class Outcome:
    """What the books say after the gifts: all amounts in fen, keyed by the workload's indexes."""

    pool_left_fen: int
    matched_fen: dict[str, int] = field(default_factory=dict)
    bound: dict[str, Bound] = field(default_factory=dict)
    given_by_project_fen: Counter[int] = field(default_factory=Counter)
    matched_by_project_fen: Counter[int] = field(default_factory=Counter)
    matched_by_person_day_fen: Counter[tuple[int, int]] = field(default_factory=Counter)
    matched_by_day_fen: Counter[int] = field(default_factory=Counter)

    def as_pairs(self) -> dict[str, Any]:
        """All but ``bound`` as sorted pairs without zeros: equal books are equal lists."""
        mappings: dict[str, Mapping[Any, int]] = {
            "matched_fen": self.matched_fen,
            "given_by_project_fen": self.given_by_project_fen,
            "matched_by_project_fen": self.matched_by_project_fen,
            "matched_by_person_day_fen": self.matched_by_person_day_fen,
            "matched_by_day_fen": self.matched_by_day_fen,
        }
        pairs = {
            name: sorted((key, fen) for key, fen in mapping.items() if fen)
            for name, mapping in mappings.items()
        }
        return {"pool_left_fen": self.pool_left_fen, **pairs}


def settle(workload: Workload, gifts: Iterable[Gift]) -> Outcome:
    """Match these gifts by the workload's bounds; a repeated external id changes nothing.

    ``bound`` says what cut a match; of equal bounds the first of person, project, window, pool is
    named, and "amount" means that the gift was matched in full.
    """
    done = Outcome(pool_left_fen=workload.pool_fen)
    for gift in gifts:
        if gift[0] not in done.matched_fen:
            done.matched_fen[gift[0]], done.bound[gift[0]] = match(workload, done, gift)
    return done


def match(workload: Workload, done: Outcome, gift: Gift) -> tuple[int, Bound]:
    """Decide one new gift and count it in ``done``, all but its own line there."""
    _, project, person, amount, second = gift
    day = day_of(second)
    bounds: list[tuple[int, Bound]] = [
        (amount, "amount"),
        (workload.person_day_cap_fen - done.matched_by_person_day_fen[person, day], "person"),
        (workload.window_budget_fen - done.matched_by_day_fen[day], "window"),
        (done.pool_left_fen, "pool"),
    ]
    if workload.project_cap_fen:
        project_left = workload.project_cap_fen - done.matched_by_project_fen[project]
        bounds.insert(2, (project_left, "project"))
    matched, bound = min(bounds, key=lambda pair: pair[0])
    done.given_by_project_fen[project] += amount
    done.matched_by_project_fen[project] += matched
    done.matched_by_person_day_fen[person, day] += matched
    done.matched_by_day_fen[day] += matched
    done.pool_left_fen -= matched
    return matched, bound
