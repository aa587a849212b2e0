"""The demo's plans are plans: they come to their target and split gifts as their funds do."""

import pytest

from jusha.charities.models import Charity
from jusha.management.demo.build import WORLD, credit_code
from jusha.management.demo.plans import plan_of
from jusha.projects.models import Project
from jusha.projects.plan_rules import TEXTS
from jusha.projects.rules import number_faults

CHARITIES = {
    row["code"]: Charity(uscc=credit_code(place), **row)
    for place, row in enumerate(WORLD["charity"], 1)
}


@pytest.mark.parametrize("row", WORLD["project"], ids=lambda row: str(row["code"]))
def test_a_demo_plan_adds_up(row: dict[str, object]) -> None:
    project = Project(**(row | {"charity": CHARITIES[str(row["charity"])]}))
    plan = plan_of(project)
    assert sum(line.amount for line in plan.lines) == plan.target == project.target_amount
    assert plan.running_permille == project.running_permille
    assert set(TEXTS) <= {name for name, text in plan.texts.items() if text}


@pytest.mark.parametrize("code", CHARITIES)
def test_a_demo_charity_has_a_right_code_that_no_authority_gives_out(code: str) -> None:
    uscc = CHARITIES[code].uscc
    assert number_faults(f"{uscc}A00001", uscc=uscc) == []
    assert uscc[2:8] == "999900"
