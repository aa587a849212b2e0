"""Every line is classed once, as often as both lists have it, and nothing is guessed."""

from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.giving.reconcile import (
    AMOUNT_DIFFERS,
    CAUSES,
    CLASSES,
    DAY_DIFFERS,
    MATCHED,
    ONLY_HERE,
    ONLY_THERE,
    Difference,
    Reconciled,
    Side,
    reconcile,
)

DAY = 86_400
NOON = 1_799_985_600  # a Shanghai noon


class Line(NamedTuple):
    name: str
    amount: int
    at_s: int


def side(lines: list[Line]) -> Side:
    made = Side()
    for place, line in enumerate(lines):
        made.add(line.name, amount=line.amount, at_s=line.at_s, place=place)
    return made


def run(here: list[Line], there: list[Line]) -> Reconciled:
    return reconcile(side(here), side(there))


def counts(found: Reconciled) -> Counter[int]:
    total: Counter[int] = Counter()
    for classes in found.days.values():
        for kind, tally in classes.items():
            total[kind] += tally.lines
    return total


def told(found: Reconciled) -> list[tuple[str, str, int, int]]:
    return [(CLASSES[d.kind], CAUSES[d.cause], d.here, d.there) for d in found.differences]


lines = st.lists(
    st.builds(
        Line,
        name=st.sampled_from(["a", "b", "c"]),
        amount=st.sampled_from([100, 10, 1000, 12, 21]),
        at_s=st.sampled_from([NOON, NOON + 43_000, NOON + DAY, NOON - DAY]),
    ),
    max_size=12,
)


def oracle(here: list[Line], there: list[Line]) -> Counter[int]:
    """Count pairs as common parts of multisets, coarser and coarser."""

    def common(*, amount: bool, day: bool) -> int:
        def names(side: list[Line]) -> Counter[tuple[str, int, int]]:
            return Counter(
                (line.name, line.amount if amount else 0, (line.at_s + 28_800) // DAY if day else 0)
                for line in side
            )

        return (names(here) & names(there)).total()

    exact, sums, names = (
        common(amount=True, day=True),
        common(amount=True, day=False),
        common(amount=False, day=False),
    )
    return Counter(
        {
            MATCHED: exact,
            DAY_DIFFERS: sums - exact,
            AMOUNT_DIFFERS: names - sums,
            ONLY_HERE: len(here) - names,
            ONLY_THERE: len(there) - names,
        }
    )


@given(here=lines, there=lines)
def test_as_many_lines_are_paired_as_the_two_lists_have_in_common(
    here: list[Line], there: list[Line]
) -> None:
    assert +counts(run(here, there)) == +oracle(here, there)


@given(here=lines, there=lines)
def test_every_line_is_classed_once_and_the_sums_are_those_of_the_lists(
    here: list[Line], there: list[Line]
) -> None:
    found = run(here, there)
    tallies = [(k, t) for classes in found.days.values() for k, t in classes.items()]
    assert sum(t.here for _, t in tallies) == sum(line.amount for line in here)
    assert sum(t.there for _, t in tallies) == sum(line.amount for line in there)
    named = [d.here for d in found.differences if d.here >= 0]
    assert len(named) == len(set(named)) == len(here) - counts(found)[MATCHED]
    for d in found.differences:
        if d.kind == DAY_DIFFERS:
            assert here[d.here].amount == there[d.there].amount
        if d.here >= 0 and d.there >= 0:
            assert here[d.here].name == there[d.there].name


@given(here=lines, there=lines)
def test_seen_from_the_other_side_it_is_the_same(here: list[Line], there: list[Line]) -> None:
    mirror = {ONLY_HERE: ONLY_THERE, ONLY_THERE: ONLY_HERE}
    turned = Counter({mirror.get(k, k): n for k, n in counts(run(there, here)).items()})
    assert turned == counts(run(here, there))


@given(here=lines, there=lines, data=st.data())
def test_the_order_of_lines_changes_no_count_and_no_sum(
    here: list[Line], there: list[Line], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(here)), data.draw(st.permutations(there))
    assert counts(run(*shuffled)) == counts(run(here, there))


def at(hour: int, minute: int = 0) -> int:
    return NOON + (hour - 12) * 3600 + minute * 60


@pytest.mark.parametrize(
    ("here", "there", "cause"),
    [
        ((100, at(24, 0)), (100, at(23, 34)), "cut-off"),
        ((100, at(24, 5)), (100, at(23, 29)), ""),
        ((100, at(48, 0)), (100, at(23, 59)), ""),
        ((100, at(12)), (1000, at(12)), "ten-times"),
        ((10_000, at(12)), (100, at(12)), "hundred-times"),
        ((1234, at(12)), (1324, at(12)), "digits-swapped"),
        ((1234, at(12)), (1432, at(12)), ""),
        ((1234, at(12)), (1235, at(12)), ""),
        ((100, at(12)), None, "no-list"),
    ],
)
def test_a_cause_is_named_only_where_the_lines_show_it(
    here: tuple[int, int], there: tuple[int, int] | None, cause: str
) -> None:
    found = run([Line("a", *here)], [Line("a", *there)] if there else [])
    assert [CAUSES[d.cause] for d in found.differences] == [cause]


def test_a_line_too_often_is_called_repeated() -> None:
    one = Line("a", 100, NOON)
    found = run([one, one], [one, Line("b", 5, NOON)])
    assert told(found) == [("only-here", "repeated", 1, -1), ("only-there", "", -1, 1)]
    assert counts(found)[MATCHED] == 1


def test_nothing_against_nothing_is_nothing() -> None:
    assert run([], []) == Reconciled({}, [])


def test_a_difference_names_its_lines() -> None:
    here = [Line("x", 5, NOON), Line("a", 100, NOON)]
    there = [Line("a", 1000, NOON)]
    assert run(here, there).differences == [
        Difference(AMOUNT_DIFFERS, CAUSES.index("ten-times"), 1, 0),
        Difference(ONLY_HERE, 0, 0, -1),
    ]
