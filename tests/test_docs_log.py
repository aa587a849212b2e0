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
SETTLEMENT = [
    path
    for path in sorted((ROOT / "jusha" / "settlement").glob("*.py"))
    if not path.name.startswith("audit")
]


def kinds_in(source: str) -> set[str]:
    """Every kind of entry that a source can write: dictionaries whose "k" is this word."""
    return {
        value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "k"
        and isinstance(value, ast.Constant) and isinstance(value.value, str)
    }  # fmt: skip


def kinds_written() -> set[str]:
    """Every kind of entry that settlement's code can write."""
    found = {"don"}
    for path in SETTLEMENT:
        found |= kinds_in(path.read_text("utf-8"))
    return found


def callers(name: str) -> dict[str, int]:
    """How often each file of settlement calls a function, by the last part of its name."""
    found: dict[str, int] = {}
    for path in SETTLEMENT:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func
                said = getattr(called, "attr", "") or getattr(called, "id", "")
                if said == name:
                    found[path.name] = found.get(path.name, 0) + 1
    return found


def test_a_kind_is_found_however_its_entry_is_laid_out() -> None:
    source = """
def write(task):
    fields = {
        "amt": 1, "k":
            "one",
    }
    enter(task, fields | {'k': 'two'})
    return {"key": "three", "k": four}
"""
    assert kinds_in(source) == {"one", "two"}


def test_one_function_writes_the_entries_of_instructions_and_two_those_of_deeds() -> None:
    assert callers("canonical") == {"task.py": 1, "decide.py": 2}  # held, draw
    assert callers("gift_leaf") == {"decide.py": 1}
    assert "instructions.py" in callers("enter")


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
