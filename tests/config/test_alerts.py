"""The alert rules: held to their own tests by promtool, to the figures and to the runbook by us."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.home import REPO

OPS = REPO / "ops"
RULES = (OPS / "alerts.yml").read_text("utf-8")
ALERTS = re.findall(r"^ +- alert: (\w+)$", RULES, re.MULTILINE)
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None,
    reason="promtool is not installed; it comes with Debian's package prometheus",
)


def promtool(*arguments: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run(
        [PROMTOOL, *arguments], cwd=OPS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_rules_and_the_example_configuration_are_well_formed() -> None:
    promtool("check", "rules", "alerts.yml")
    promtool("check", "config", "prometheus.yml")


@needs_promtool
def test_every_alert_fires_when_it_must_and_is_quiet_when_it_must() -> None:
    promtool("test", "rules", "alerts_test.yml")


def test_every_alert_has_a_name_of_its_own_and_a_test_in_which_it_fires() -> None:
    assert len(ALERTS) == len(set(ALERTS))
    text = (OPS / "alerts_test.yml").read_text("utf-8")
    fired = {
        re.search(r"alertname: (\w+)", part)[1]  # type: ignore[index] # each part has one
        for part in text.split("  - name: ")[1:]
        if "exp_labels" in part
    }
    assert fired == set(ALERTS)


def test_every_figure_that_an_alert_asks_for_is_told_by_some_process() -> None:
    told = set(re.findall(r'"(jusha_\w+)"', sources()))
    asked = {
        re.sub(r"_total$", "", name)
        for name in re.findall(r"\bjusha_\w+", "\n".join(expressions()))
    }
    assert asked - told == set()


def test_every_alert_stands_in_the_runbook_and_the_runbook_knows_no_other() -> None:
    page = (REPO / "docs" / "runbook.md").read_text("utf-8")
    assert re.findall(r"^### (\w+)$", page, re.MULTILINE) == ALERTS, "in the order of the rules"
    for section in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        for part in ("*It means:*", "*Safe:*", "*Do:*", "*Over when:*"):
            assert part in section, f"{section.splitlines()[0]} says no {part}"


def expressions() -> list[str]:
    """What stands behind each `expr:`, over several lines where it is folded."""
    return re.findall(r"expr: (.*?)\n +(?:for|labels):", RULES, re.DOTALL)


def sources() -> str:
    """All code of the platform."""
    return "\n".join(path.read_text("utf-8") for path in sorted(Path(REPO / "jusha").rglob("*.py")))
