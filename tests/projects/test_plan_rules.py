"""A plan is read as it was typed: whole or with a word at each field; money in integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jusha.projects.plan_rules import (
    PERMILLE,
    TEXTS,
    Faults,
    Line,
    Plan,
    fen,
    plan_of,
    related_parties,
    sum_of,
)
from jusha.projects.plan_templates import fields_of, templates


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("35", 3_500),
        (" ¥1,234.5 ", 123_450),
        ("0.01元", 1),
        ("1.005", None),
        ("-1", None),
        ("1e3", None),
        ("１２", None),
        ("", None),
    ],
)
def test_yuan_are_read_to_the_fen_or_not_at_all(text: str, amount: int | None) -> None:
    assert fen(text) == amount


def test_an_empty_form_names_every_field_of_the_law() -> None:
    faults = Faults()
    assert plan_of({}, faults) is None
    assert set(faults) == {*TEXTS, "target", "lines"}


def test_a_template_with_its_texts_is_a_whole_plan() -> None:
    for code in templates():
        fields = dict.fromkeys(TEXTS, "字") | fields_of(code)
        faults = Faults()
        plan = plan_of(fields, faults)
        assert faults == {}, code
        assert plan is not None
        assert plan.target == sum_of(fields) == sum(line.amount for line in plan.lines)
        assert plan.unit.outcome


@pytest.mark.parametrize(("theme", "wanted"), [("", True), ("education", True), ("money", False)])
def test_a_field_of_work_is_one_of_the_list_or_none(theme: str, *, wanted: bool) -> None:
    fields = dict.fromkeys(TEXTS, "字") | fields_of(next(iter(templates()))) | {"theme": theme}
    faults = Faults()
    plan = plan_of(fields, faults)
    assert (plan is not None) is wanted
    assert ("theme" in faults) is not wanted
    assert plan is None or plan.document()["theme"] == theme


def test_related_parties_are_names_one_a_line_each_once() -> None:
    content = {"texts": {"related": " 青山印刷厂\n\n王某；青山印刷厂;Tree Ltd "}}
    assert related_parties(content) == ["青山印刷厂", "王某", "Tree Ltd"]
    assert related_parties({}) == []


@given(aid=st.integers(1, 10**9), others=st.lists(st.integers(1, 10**9), max_size=4))
def test_running_costs_never_take_more_than_was_planned(aid: int, others: list[int]) -> None:
    lines = (Line("aid", "a", aid, 1, "份"), *(Line("pay", "b", n, 1, "") for n in others))
    plan = Plan({}, lines, aid + sum(others))
    assert plan.running == sum(others)
    assert plan.running_permille * plan.target <= plan.running * PERMILLE
    assert (plan.running_permille + 1) * plan.target > plan.running * PERMILLE
