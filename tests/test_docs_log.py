"""docs/log.md tells strangers every kind of entry, every bound and every reason that is written."""

import ast
import json
import re
from pathlib import Path

import pytest

from jusha.matching.rules import BY
from jusha.settlement import publish_rule
from verify import recompute

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "log.md").read_text("utf-8")
SETTLEMENT = sorted((ROOT / "jusha" / "settlement").glob("*.py"))


def kinds_written() -> set[str]:
    """Every kind of entry that settlement's code can write."""
    found = {"don"}
    for path in SETTLEMENT:
        if path.name.startswith("audit"):
            continue
        text = path.read_text("utf-8")
        found |= set(re.findall(r'"k": "([a-z_]+)"', text))
        found |= set(re.findall(r'entry\(\s*world,\s*changes,\s*"([a-z_]+)"', text))
    return found


def test_every_kind_of_entry_has_its_chapter() -> None:
    chapters = set(re.findall(r"^### `([a-z_]+)`", PAGE, re.MULTILINE))
    assert {"don", "held", "refund", "channel", "project", "rule", "seal"} <= kinds_written()
    assert chapters == kinds_written()


def test_the_stranger_knows_every_kind() -> None:
    assert set(recompute.FIELDS) == kinds_written()


@pytest.mark.parametrize("bound", BY)
def test_every_bound_is_explained(bound: str) -> None:
    assert f"| `{bound}` |" in PAGE


def test_every_reason_to_hold_is_told() -> None:
    tree = ast.parse((ROOT / "jusha" / "settlement" / "decide.py").read_text("utf-8"))
    reasons = {
        node.value
        for function in tree.body
        if isinstance(function, ast.FunctionDef)
        and function.name in {"disagreement", "unlike_order", "beyond_rights"}
        for node in ast.walk(function)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z]+(-[a-z]+)+", node.value)
    }
    assert len(reasons) > 10
    assert {reason for reason in reasons if f"`{reason!s}`" not in PAGE} == set()


def test_every_example_is_an_entry_in_its_own_spelling() -> None:
    examples = re.findall(r"^    (\{.*\})$", PAGE, re.MULTILINE)
    assert len(examples) >= len(recompute.FIELDS)
    for example in examples:
        entry = json.loads(example)
        assert recompute.canonical(entry).decode() == example
        assert recompute.MUST[entry["k"]] <= entry.keys() <= recompute.MAY[entry["k"]]


def test_every_field_is_named() -> None:
    fields = {name for names in recompute.MAY.values() for name in names}
    assert {
        name for name in fields if f"`{name}`" not in PAGE and f'"{name}":' not in PAGE
    } == set()


def test_numbers_that_the_page_states_are_the_codes() -> None:
    assert f"at least {publish_rule.RULE_NOTICE_SECONDS} seconds after" in PAGE
    assert "60,000 bytes" in PAGE
