"""The layout is a contract: what import-linter and ruff are told must fit the tree as it is.

The contracts stand in pyproject.toml. These tests keep the lists there complete, so that a new
pure module or a new home of raw SQL cannot slip past them.
"""

import ast
import re
import tomllib
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
PURE = ("money", "merkle", "*/rules.py", "settlement/decide*", "matching/kinds")


@cache
def settings() -> dict[str, Any]:
    """The tool settings of pyproject.toml."""
    tools: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    return tools


def contract(wanted: str) -> dict[str, Any]:
    """The import contract of this id."""
    contracts: list[dict[str, Any]] = settings()["importlinter"]["contracts"]
    return next(found for found in contracts if found["id"] == wanted)


def module(path: Path) -> str:
    """The dotted name of a file or folder below the repository."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(path: Path) -> set[str]:
    """The first names of all modules that a file imports, wherever the import stands."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    origin = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {found.split(".")[0] for found in plain | origin}


def test_every_pure_module_is_under_the_pure_contract() -> None:
    exist = {module(path) for shape in PURE for path in (ROOT / "jusha").glob(shape)}
    listed = contract("pure")["source_modules"]
    patterns = [re.compile(re.escape(entry).replace(r"\*", r"\w+")) for entry in listed]
    assert {name for name in exist if not any(p.fullmatch(name) for p in patterns)} == set()


def test_no_layer_stays_optional_once_its_room_exists() -> None:
    optional = re.findall(r"\((\w+)\)", " ".join(contract("rooms")["layers"]))
    assert [room for room in optional if (ROOT / "jusha" / room / "__init__.py").exists()] == []


def test_every_home_of_raw_sql_exists() -> None:
    homes = settings()["ruff"]["lint"]["per-file-ignores"]
    free = [shape for shape, rules in homes.items() if "TID251" in rules]
    assert [shape for shape in free if not any(ROOT.glob(shape.replace("/**", "/**/*")))] == []


def test_the_verifier_trusts_nobody() -> None:
    scripts = sorted((ROOT / "verify").rglob("*.py"))
    assert scripts, "there is a verifier to look at"
    house = {"jusha", "jusha_sandbox"}
    assert [script.name for script in scripts if imported(script) & house] == []


@pytest.mark.django_db
def test_the_models_and_the_migrations_agree() -> None:
    said = StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", stdout=said)
    except SystemExit:
        pytest.fail(f"run makemigrations:\n{said.getvalue()}")
