"""docs/law.md is held to the repository: each requirement once, each file that it names there."""

import re
from pathlib import Path

import pytest

from jusha.law.queries import seed
from tests.home import SHARED

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "law.md").read_text("utf-8")
FACTS = SHARED / "design" / "facts-regulation.md"
ROW = re.compile(r"^\| (R-[A-Z]{2,3}-[0-9A-Z/]+) \| (.+) \| (.+) \|$", re.MULTILINE)
NAMED = re.compile(r"\b(R-(?:CL|PF|ID|MZ|MC|PI|DS|RC|GD|VO|AC|PAY)-(?:[0-9/]+|[MFN]\b))")
FILE = re.compile(r"`((?:jusha|jusha_sandbox|tests|docs|verify)(?:/[^`]*)?)`")


def singles(name: str) -> set[str]:
    """The requirements that one id names: R-ID-13/14 are two."""
    head, _, numbers = name.rpartition("-")
    return {f"{head}-{number}" for number in numbers.split("/") if number}


def test_each_requirement_stands_once() -> None:
    names = [row[0] for row in ROW.findall(PAGE)]
    assert len(names) > 80
    each = [single for name in names for single in sorted(singles(name))]
    assert sorted(each) == sorted(set(each))


def test_every_file_that_answers_is_there() -> None:
    named = FILE.findall(PAGE)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_requirement_is_answered_by_a_file_or_a_duty() -> None:
    silent = [
        name for name, _, answer in ROW.findall(PAGE)
        if not FILE.search(answer) and "uty of the" not in answer
    ]  # fmt: skip
    assert silent == []


def test_every_figure_of_the_law_names_a_requirement_of_the_page() -> None:
    known = {single for row in ROW.findall(PAGE) for single in singles(row[0])}
    assert {each.article for each in seed() if each.article} - known == set()


def test_no_requirement_of_the_facts_is_left_out() -> None:
    if not FACTS.is_file():
        pytest.skip(f"no facts at {FACTS}")
    known = {single for row in ROW.findall(PAGE) for single in singles(row[0])}
    asked = {s for name in NAMED.findall(FACTS.read_text("utf-8")) for s in singles(name)}
    assert asked - known == set()
